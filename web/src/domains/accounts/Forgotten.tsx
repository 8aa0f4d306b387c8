import { Alert, Button, Card, Stack, Text, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { client, told } from "../../kit/api";
import { useTexts } from "../../kit/i18n";
import { Page, ProblemNote } from "../../kit/parts";

/** The same answer for every address: nobody learns here who has an account. REQ ACC-2. */
export function Forgotten() {
  const { t } = useTexts("accounts");
  const [email, setEmail] = useState("");
  const ask = useMutation({ mutationFn: () => told(client.POST("/api/v1/accounts/password-resets", { body: { email: email.trim() } })) });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    ask.mutate();
  };
  return (
    <Page title={t("forgotten.title")} back="/sign-in">
      <Card component="form" onSubmit={submit} withBorder>
        <Stack>
          <Text>{t("forgotten.lead")}</Text>
          <TextInput label={t("signIn.email")} type="email" autoComplete="username" inputMode="email" required value={email} onChange={(event) => setEmail(event.currentTarget.value)} />
          <ProblemNote error={ask.error} />
          {ask.isSuccess && (
            <Alert color="teal" radius="lg" role="status">
              {t("forgotten.sent", { email: email.trim() })}
            </Alert>
          )}
          <Button type="submit" loading={ask.isPending}>
            {t("forgotten.submit")}
          </Button>
        </Stack>
      </Card>
    </Page>
  );
}
