import { Anchor, Button, Card, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { Link, useLocation, useSearchParams } from "wouter";
import { useHistoryState } from "wouter/use-browser-location";
import { client, Problem, told } from "../../kit/api";
import { useTexts } from "../../kit/i18n";
import { LanguageSelect } from "../../kit/LanguageSelect";
import { Page, ProblemNote } from "../../kit/parts";
import { useSession } from "../../kit/session";
import { signingIn, useBrand } from "./names";

/** Where to go after signing in: a place in this app, never another site. */
export function placeAfter(to: string | null, hash: string): string {
  const place = to !== null && /^\/(?![/\\])/.test(to) ? to : "/";
  return place + (hash.startsWith("#") ? hash : "");
}

export function SignIn() {
  const { t } = useTexts("accounts");
  const { signedInNow } = useSession();
  const [, navigate] = useLocation();
  const [search] = useSearchParams();
  const kept = useHistoryState<{ hash?: string } | null>();
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const userNames = useBrand().data?.user_names ?? false;
  const signIn = useMutation({
    mutationFn: () => told(client.POST("/api/v1/sessions", { body: { ...signingIn(email, userNames), password } })),
    onSuccess: () => {
      signedInNow();
      navigate(placeAfter(search.get("to"), kept?.hash ?? ""), { replace: true });
    },
  });
  const resend = useMutation({
    mutationFn: () => told(client.POST("/api/v1/accounts/confirmations/resend", { body: { email: email.trim() } })),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    signIn.mutate();
  };
  const toPhone = search.get("to") === "/phone";
  const unconfirmed = signIn.error instanceof Problem && signIn.error.code === "not-confirmed";
  return (
    <Page title={t("signIn.title")} brand>
      <Stack gap="lg">
        <Text c="dimmed">{t(toPhone ? "signIn.leadPhone" : "signIn.lead")}</Text>
        <Card component="form" onSubmit={submit} withBorder>
          <Stack>
            <TextInput label={t(userNames ? "signIn.emailOrName" : "signIn.email")} type={userNames ? "text" : "email"} autoComplete="username" autoCapitalize="none" spellCheck={false} inputMode="email" required value={email} onChange={(event) => setEmail(event.currentTarget.value)} />
            <PasswordInput label={t("signIn.password")} autoComplete="current-password" required value={password} onChange={(event) => setPassword(event.currentTarget.value)} />
            <ProblemNote error={signIn.error} />
            {unconfirmed && (
              <Button variant="default" loading={resend.isPending} onClick={() => resend.mutate()}>
                {resend.isSuccess ? t("signUp.resent") : t("signIn.again")}
              </Button>
            )}
            <Button type="submit" loading={signIn.isPending}>
              {t("signIn.submit")}
            </Button>
          </Stack>
        </Card>
        <Stack gap="xs" align="center">
          <Anchor component={Link} href="/forgotten">
            {t("signIn.forgotten")}
          </Anchor>
          <Text>
            {t("signIn.none")}{" "}
            <Anchor component={Link} href="/sign-up" underline="always">
              {t("signIn.create")}
            </Anchor>
          </Text>
        </Stack>
        <LanguageSelect />
      </Stack>
    </Page>
  );
}
