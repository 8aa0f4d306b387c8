import { Alert, Button, Card, Group, PasswordInput, SegmentedControl, Select, Stack, Text, Title, useMantineColorScheme, type MantineColorScheme } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { Link, useLocation } from "wouter";
import { client, told, type Schemas } from "../../kit/api";
import { age } from "../../kit/format";
import { useTexts, type Language } from "../../kit/i18n";
import { LanguageSelect } from "../../kit/LanguageSelect";
import { useNow } from "../../kit/live";
import { Loading, Page, ProblemNote } from "../../kit/parts";
import { useAccount, useSession } from "../../kit/session";
import { countries } from "./countries";
import { NamesCard } from "./NamesCard";

/** The account: language and country, password, safety code, devices. */
export function AccountPage() {
  const { t } = useTexts("accounts");
  const account = useAccount();
  const { signOut } = useSession();
  const [, navigate] = useLocation();
  const leave = useMutation({ mutationFn: signOut, onSuccess: () => navigate("/sign-in") });
  return (
    <Page title={t("account.title")}>
      <Stack gap="lg">
        {account.data === undefined ? account.isError ? <ProblemNote error={account.error} onRetry={() => void account.refetch()} /> : <Loading /> : (
          <>
            <div>
              <Text fw={600} size="lg">
                {[account.data.given_name, account.data.family_name].filter(Boolean).join(" ")}
              </Text>
              <Text c="dimmed" style={{ overflowWrap: "anywhere" }}>
                {t("account.signedInAs", { email: account.data.email ?? "" })}
              </Text>
            </div>
            <Appearance />
            <Country account={account.data} />
            <NamesCard account={account.data} />
            <SafetyCodeCard account={account.data} />
            <PasswordCard />
            <Sessions />
          </>
        )}
        <ProblemNote error={leave.error} />
        <Button variant="default" loading={leave.isPending} onClick={() => leave.mutate()}>
          {t("account.signOut")}
        </Button>
      </Stack>
    </Page>
  );
}

function Appearance() {
  const { t } = useTexts("accounts");
  const { t: kit } = useTexts("kit");
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const known = useQueryClient();
  const tell = useMutation({
    mutationFn: (chosen: Language) => told(client.PATCH("/api/v1/account", { body: { language: chosen } })),
    onSuccess: (account) => known.setQueryData(["account"], account),
  });
  return (
    <Card withBorder>
      <Stack>
        <Title order={2} size="h4">
          {t("account.appearance")}
        </Title>
        <LanguageSelect onChosen={(chosen) => tell.mutate(chosen)} />
        <SegmentedControl
          aria-label={kit("scheme.label")}
          fullWidth
          value={colorScheme}
          onChange={(value) => setColorScheme(value as MantineColorScheme)}
          data={(["light", "dark", "auto"] as const).map((value) => ({ value, label: kit(`scheme.${value}`) }))}
        />
        <ProblemNote error={tell.error} />
      </Stack>
    </Card>
  );
}

function Country({ account }: { account: Schemas["AccountBody"] }) {
  const { t, language } = useTexts("accounts");
  const known = useQueryClient();
  const move = useMutation({
    mutationFn: (country: string) => told(client.PATCH("/api/v1/account", { body: { country } })),
    onSuccess: (changed) => known.setQueryData(["account"], changed),
  });
  return (
    <Card withBorder>
      <Stack>
        <Select label={t("account.country")} data={countries(language)} searchable allowDeselect={false} value={account.country} onChange={(country) => country !== null && move.mutate(country)} />
        <ProblemNote error={move.error} />
      </Stack>
    </Card>
  );
}

function SafetyCodeCard({ account }: { account: Schemas["AccountBody"] }) {
  const { t } = useTexts("accounts");
  return (
    <Card withBorder>
      <Stack gap="sm">
        <Title order={2} size="h4">
          {t("account.safetyCode")}
        </Title>
        <Text c="dimmed">{account.safety_code_set ? t("account.codeSet") : t("account.codeUnset")}</Text>
        <Button component={Link} href="/safety-code" variant="light">
          {account.safety_code_set ? t("account.changeCode") : t("account.setCode")}
        </Button>
      </Stack>
    </Card>
  );
}

function PasswordCard() {
  const { t } = useTexts("accounts");
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const change = useMutation({
    mutationFn: () => told(client.PUT("/api/v1/account/password", { body: { current_password: current, new_password: next } })),
    onSuccess: () => {
      setCurrent("");
      setNext("");
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change.mutate();
  };
  return (
    <Card component="form" onSubmit={submit} withBorder>
      <Stack>
        <Title order={2} size="h4">
          {t("account.changePassword")}
        </Title>
        <PasswordInput label={t("account.current")} autoComplete="current-password" required value={current} onChange={(event) => setCurrent(event.currentTarget.value)} />
        <PasswordInput label={t("account.next")} autoComplete="new-password" required minLength={10} maxLength={128} value={next} onChange={(event) => setNext(event.currentTarget.value)} />
        <ProblemNote error={change.error} />
        {change.isSuccess && (
          <Alert color="teal" radius="lg" role="status">
            {t("account.changed")}
          </Alert>
        )}
        <Button type="submit" variant="light" loading={change.isPending}>
          {t("account.changePassword")}
        </Button>
      </Stack>
    </Card>
  );
}

function Sessions() {
  const { t, language } = useTexts("accounts");
  const now = useNow(30_000);
  const known = useQueryClient();
  const sessions = useQuery({ queryKey: ["sessions"], queryFn: () => told(client.GET("/api/v1/sessions")) });
  const end = useMutation({
    mutationFn: (session_id: string) => told(client.DELETE("/api/v1/sessions/{session_id}", { params: { path: { session_id } } })),
    onSettled: () => known.invalidateQueries({ queryKey: ["sessions"] }),
  });
  return (
    <Card withBorder>
      <Stack>
        <Title order={2} size="h4">
          {t("account.sessions")}
        </Title>
        <ProblemNote error={sessions.error ?? end.error} onRetry={() => void sessions.refetch()} />
        {sessions.data?.items.map((session) => (
          <Group key={session.session_id} justify="space-between" wrap="nowrap">
            <div>
              <Text fw={600}>{session.agent}</Text>
              <Text c="dimmed" size="sm">
                {session.current ? t("account.here") : t("account.used", { age: age((now - Date.parse(session.used_at)) / 1000, language) })}
              </Text>
            </div>
            {!session.current && (
              <Button variant="default" size="compact-md" flex="none" onClick={() => end.mutate(session.session_id)}>
                {t("account.end")}
              </Button>
            )}
          </Group>
        ))}
      </Stack>
    </Card>
  );
}
