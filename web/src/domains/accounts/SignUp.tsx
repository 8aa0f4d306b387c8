import { Anchor, Button, Card, Group, PasswordInput, Select, Stack, Text, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { Link } from "wouter";
import { client, told } from "../../kit/api";
import { useTexts } from "../../kit/i18n";
import { Page, ProblemNote } from "../../kit/parts";
import { countries, likelyCountry, timeZone } from "./countries";

export function SignUp() {
  const { t, language } = useTexts("accounts");
  const [form, setForm] = useState({ given_name: "", family_name: "", email: "", password: "", country: likelyCountry() });
  const change = (member: keyof typeof form) => (value: string | null) => setForm((before) => ({ ...before, [member]: value ?? "" }));
  const signUp = useMutation({
    mutationFn: () => told(client.POST("/api/v1/accounts", { body: { ...form, email: form.email.trim(), language, time_zone: timeZone() } })),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    signUp.mutate();
  };
  if (signUp.isSuccess) {
    return <Sent email={form.email.trim()} />;
  }
  return (
    <Page title={t("signUp.title")} back="/sign-in">
      <Card component="form" onSubmit={submit} withBorder>
        <Stack>
          <Group grow align="flex-start">
            <TextInput label={t("signUp.given")} autoComplete="given-name" required maxLength={80} value={form.given_name} onChange={(event) => change("given_name")(event.currentTarget.value)} />
            <TextInput label={t("signUp.family")} autoComplete="family-name" required maxLength={80} value={form.family_name} onChange={(event) => change("family_name")(event.currentTarget.value)} />
          </Group>
          <Select label={t("signUp.country")} data={countries(language)} searchable required withAsterisk={false} allowDeselect={false} value={form.country} onChange={change("country")} />
          <TextInput label={t("signUp.email")} type="email" autoComplete="username" inputMode="email" required value={form.email} onChange={(event) => change("email")(event.currentTarget.value)} />
          <PasswordInput label={t("signUp.password")} description={t("signUp.passwordHint")} autoComplete="new-password" required minLength={10} maxLength={128} value={form.password} onChange={(event) => change("password")(event.currentTarget.value)} />
          <ProblemNote error={signUp.error} />
          <Button type="submit" loading={signUp.isPending}>
            {t("signUp.submit")}
          </Button>
          <Text ta="center">
            {t("signUp.have")}{" "}
            <Anchor component={Link} href="/sign-in" underline="always">
              {t("signIn.submit")}
            </Anchor>
          </Text>
        </Stack>
      </Card>
    </Page>
  );
}

function Sent({ email }: { email: string }) {
  const { t } = useTexts("accounts");
  const resend = useMutation({ mutationFn: () => told(client.POST("/api/v1/accounts/confirmations/resend", { body: { email } })) });
  return (
    <Page title={t("signUp.sentTitle")} back="/sign-in">
      <Card withBorder>
        <Stack>
          <Text role="status">{t("signUp.sent", { email })}</Text>
          <Text c="dimmed" size="sm">
            {t("signUp.nothing")}
          </Text>
          <ProblemNote error={resend.error} />
          <Button variant="default" loading={resend.isPending} onClick={() => resend.mutate()}>
            {resend.isSuccess ? t("signUp.resent") : t("signUp.resend")}
          </Button>
        </Stack>
      </Card>
    </Page>
  );
}
