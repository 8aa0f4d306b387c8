import { Button, PasswordInput, Stack } from "@mantine/core";
import { IconShieldCheck } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useLocation, useSearchParams } from "wouter";
import { client, Problem, told } from "../../kit/api";
import { useTexts } from "../../kit/i18n";
import { Page, ProblemNote } from "../../kit/parts";
import { CodePad } from "./CodePad";
import styles from "./commands.module.css";

/** The page on which the owner chooses the code; it leads back to where it was needed. */
export default function SafetyCode() {
  const { t } = useTexts("commands");
  const [, go] = useLocation();
  const [search] = useSearchParams();
  const wanted = search.get("to") ?? "";
  // Only addresses of the app itself: a link made by somebody else must not lead away.
  const to = /^\/(?![/\\])/.test(wanted) ? wanted : "/account";
  return (
    <Page title={t("choose.title")} back={to}>
      <Stack gap="lg">
        <p className={styles.message}>{t("choose.why")}</p>
        <ChooseCode onDone={() => go(to)} />
      </Stack>
    </Page>
  );
}

/** Whether a code may be chosen, as the platform says it: not all the same, not just counting up or down. */
export function isFit(code: string): boolean {
  const steps = new Set(Array.from(code.slice(1), (digit, place) => Number(digit) - Number(code[place])));
  return !(steps.size === 1 && [...steps].every((step) => Math.abs(step) <= 1));
}

/** Choose four digits, choose them again, prove who does so. */
export function ChooseCode({ onDone }: { onDone: () => void }) {
  const { t } = useTexts("commands");
  const known = useQueryClient();
  const [first, setFirst] = useState("");
  const [second, setSecond] = useState("");
  const [wrong, setWrong] = useState<string | undefined>();
  const [tries, setTries] = useState(0);
  const [password, setPassword] = useState("");
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (second !== "") {
      field.current?.focus();
    }
  }, [second]);
  const begin = (why?: string) => {
    setFirst("");
    setSecond("");
    setWrong(why);
    setTries(tries + 1);
  };
  const save = useMutation({
    mutationFn: () => told(client.PUT("/api/v1/account/safety-code", { body: { code: second, password } })),
    onSuccess: async () => {
      await known.invalidateQueries({ queryKey: ["account"] });
      onDone();
    },
    onError: (error) => {
      setPassword("");
      if (error instanceof Problem && error.code === "safety-code-unfit") {
        begin(t("choose.unfit"));
      }
    },
  });
  if (first === "") {
    return (
      <section className={styles.card}>
        <CodePad
          label={t("choose.first")}
          hint={t("choose.rule")}
          wrong={wrong}
          busy={false}
          tries={tries}
          onCode={(code) => (isFit(code) ? setFirst(code) : begin(t("choose.unfit")))}
        />
      </section>
    );
  }
  if (second === "") {
    return (
      <section className={styles.card}>
        <CodePad label={t("choose.second")} busy={false} onCode={(code) => (code === first ? setSecond(code) : begin(t("choose.differs")))} />
      </section>
    );
  }
  const passwordWrong = save.error instanceof Problem && save.error.code === "password-wrong";
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <Stack gap="md">
        <div className={styles.big}>
          <IconShieldCheck size={44} aria-hidden />
        </div>
        <PasswordInput
          size="lg"
          label={t("choose.password")}
          description={t("choose.passwordWhy")}
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          error={passwordWrong ? t("choose.passwordWrong") : undefined}
          autoComplete="current-password"
          ref={field}
          required
        />
        {!passwordWrong && <ProblemNote error={save.error} />}
        <Button type="submit" size="xl" loading={save.isPending} disabled={password === ""}>
          {t("choose.save")}
        </Button>
        <Button variant="subtle" onClick={() => begin()}>
          {t("choose.restart")}
        </Button>
      </Stack>
    </form>
  );
}
