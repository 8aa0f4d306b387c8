import { Alert, Anchor, Button, Card, List, Loader, Stack, Text, TextInput, Title } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState, type FormEvent } from "react";
import { Link, useLocation, useParams } from "wouter";
import { client, told, type Schemas } from "../../kit/api";
import { useNow } from "../../kit/live";
import { date } from "../../kit/format";
import { useTexts } from "../../kit/i18n";
import { Loading, Page, ProblemNote } from "../../kit/parts";
import styles from "./garage.module.css";
import { ScanPhone } from "./ScanPhone";
import { hintOf, tidy } from "./vin";

const LOOK_EVERY_MS = 2000;

/** Adding a car step by step: its number, the code typed in the car, this phone's digital key. REQ ENR-1, ENR-2. */
export default function AddCar() {
  const { pairingId } = useParams<{ pairingId?: string }>();
  return pairingId === undefined ? <AskVin /> : <ShowCode pairingId={pairingId} />;
}

function StepLine({ step, name }: { step: number; name: string }) {
  const { t } = useTexts("garage");
  return (
    <Text c="dimmed" fw={600} size="sm">
      {t("steps.of", { step, name })}
    </Text>
  );
}

function AskVin() {
  const { t } = useTexts("garage");
  const [, navigate] = useLocation();
  const known = useQueryClient();
  const [typed, setTyped] = useState("");
  const vin = tidy(typed);
  const hint = hintOf(vin);
  const check = useMutation({ mutationFn: (wanted: string) => told(client.POST("/api/v1/vehicles/eligibility", { body: { vin: wanted } })) });
  const pair = useMutation({
    mutationFn: () => told(client.POST("/api/v1/pairings", { body: { vin } })),
    onSuccess: (pairing) => {
      void known.invalidateQueries({ queryKey: ["pairings"] });
      navigate(`/add/${pairing.pairing_id}`);
    },
  });
  const answer = check.data;
  const fits = answer !== undefined && check.variables === vin;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (fits && answer.eligible) {
      pair.mutate();
    } else {
      check.mutate(vin);
    }
  };
  return (
    <Page title={t("vin.title")} back="/">
      <Stack>
        <StepLine step={1} name={t("steps.vin")} />
        <Card component="form" onSubmit={submit} withBorder>
          <Stack>
            <TextInput
              className={styles.vin}
              label={t("vin.label")}
              description={t("vin.hint")}
              error={hint === "letters" || hint === "digit" ? t(`vin.${hint}`) : undefined}
              autoCapitalize="characters"
              autoComplete="off"
              autoCorrect="off"
              spellCheck={false}
              maxLength={24}
              required
              value={typed}
              onChange={(event) => setTyped(event.currentTarget.value)}
            />
            <Text size="sm" c="dimmed" aria-live="polite">
              {vin.length > 0 && hint === "short" ? t("vin.short", { count: vin.length }) : " "}
            </Text>
            {fits && <Answer answer={answer} />}
            <ProblemNote error={check.error ?? pair.error} />
            <Button type="submit" loading={check.isPending || pair.isPending} disabled={vin.length !== 17}>
              {fits && answer.eligible ? t("vin.get") : t("vin.check")}
            </Button>
          </Stack>
        </Card>
      </Stack>
    </Page>
  );
}

function Answer({ answer }: { answer: Schemas["EligibilityBody"] }) {
  const { t } = useTexts("garage");
  return (
    <Alert color={answer.eligible ? "teal" : "yellow"} radius="lg" title={answer.message} role="status">
      {answer.eligible && answer.model !== null ? t("vin.model", { model: answer.model.name, year: answer.model_year ?? "–" }) : answer.cure}
    </Alert>
  );
}

function ShowCode({ pairingId }: { pairingId: string }) {
  const { t } = useTexts("garage");
  const known = useQueryClient();
  const pairing = useQuery({
    queryKey: ["pairings", pairingId],
    queryFn: () => told(client.GET("/api/v1/pairings/{pairing_id}", { params: { path: { pairing_id: pairingId } } })),
    refetchInterval: (query) => (query.state.data?.state === "waiting" ? LOOK_EVERY_MS : false),
  });
  const state = pairing.data?.state;
  useEffect(() => {
    if (state === "paired") {
      void known.invalidateQueries({ queryKey: ["vehicles"] });
      void known.invalidateQueries({ queryKey: ["pairings"], exact: true });
    }
  }, [state, known]);
  if (pairing.data === undefined) {
    return (
      <Page title={t("code.title")} back="/">
        {pairing.isError ? <ProblemNote error={pairing.error} onRetry={() => void pairing.refetch()} /> : <Loading rows={2} height={140} />}
      </Page>
    );
  }
  if (pairing.data.state === "paired" && pairing.data.vehicle_id !== null) {
    return <Paired vehicleId={pairing.data.vehicle_id} trialEndsAt={pairing.data.trial_ends_at} />;
  }
  if (pairing.data.state !== "waiting") {
    return (
      <Page title={t("code.title")} back="/">
        <Stack>
          <Alert color="yellow" radius="lg">
            {t(pairing.data.state === "expired" ? "code.expired" : "code.void")}
          </Alert>
          <Button component={Link} href="/add">
            {t("code.again")}
          </Button>
        </Stack>
      </Page>
    );
  }
  return <Code pairing={pairing.data} />;
}

function Code({ pairing }: { pairing: Schemas["PairingBody"] }) {
  const { t, language } = useTexts("garage");
  const [, navigate] = useLocation();
  const known = useQueryClient();
  const give = useMutation({
    mutationFn: () => told(client.DELETE("/api/v1/pairings/{pairing_id}", { params: { path: { pairing_id: pairing.pairing_id } } })),
    onSuccess: async () => {
      await known.invalidateQueries({ queryKey: ["pairings"] });
      navigate("/");
    },
  });
  const code = pairing.code ?? "";
  return (
    <Page title={t("code.title")} back="/">
      <Stack>
        <StepLine step={2} name={t("steps.code")} />
        <Card withBorder>
          <Stack align="center" gap="xs">
            <Text c="dimmed">{t("code.model", { model: pairing.model.name })}</Text>
            <div className={styles.code} data-testid="pairing-code" role="img" aria-label={code.split("").join(" ")}>
              {code.slice(0, 4)} {code.slice(4)}
            </div>
            <Text c="dimmed" size="sm">
              {t("code.until", { date: date(pairing.expires_at, language) })}
            </Text>
          </Stack>
        </Card>
        <Text>{t("code.where")}</Text>
        <Text role="status" fw={600}>
          <Loader size="xs" mr="xs" aria-hidden />
          {t("code.waiting")}
        </Text>
        <Card withBorder>
          <Title order={2} size="h4" mb="xs">
            {t("code.trouble")}
          </Title>
          <List type="ordered" spacing="xs" size="md">
            {(["trouble1", "trouble2", "trouble3", "trouble4"] as const).map((line) => (
              <List.Item key={line}>{t(`code.${line}`)}</List.Item>
            ))}
          </List>
        </Card>
        <ProblemNote error={give.error} />
        <Button variant="default" loading={give.isPending} onClick={() => give.mutate()}>
          {t("code.give")}
        </Button>
      </Stack>
    </Page>
  );
}

function Paired({ vehicleId, trialEndsAt }: { vehicleId: string; trialEndsAt: string | null }) {
  const { t, language } = useTexts("garage");
  const now = useNow(60_000);
  return (
    <Page title={t("phone.title")} back="/">
      <Stack>
        <StepLine step={3} name={t("steps.phone")} />
        <Alert color="teal" radius="lg" role="status">
          {t("code.paired")}
        </Alert>
        {trialEndsAt !== null && (
          <Text>{t(Date.parse(trialEndsAt) > now ? "code.trial" : "code.trialOver", { date: date(trialEndsAt, language) })}</Text>
        )}
        <Text>{t("phone.text")}</Text>
        <ScanPhone />
        <Anchor component={Link} href={`/cars/${vehicleId}`} ta="center" underline="always">
          {t("phone.later")}
        </Anchor>
      </Stack>
    </Page>
  );
}
