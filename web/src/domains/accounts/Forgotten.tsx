import { Alert, Button, Card, Stack, Text, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { client, told } from "../../kit/api";
import { useTexts } from "../../kit/i18n";
import { Page, ProblemNote } from "../../kit/parts";
import { named, useBrand } from "./names";

/** By address, user name or number; the same answer for every one: nobody learns here who has an account. REQ ACC-2. */
export function Forgotten() {
  const { t } = useTexts("accounts");
  const [who, setWho] = useState("");
  const userNames = useBrand().data?.user_names ?? false;
  const ask = useMutation({ mutationFn: () => told(client.POST("/api/v1/accounts/password-resets", { body: named(who) })) });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    ask.mutate();
  };
  return (
    <Page title={t("forgotten.title")} back="/sign-in">
      <Card component="form" onSubmit={submit} withBorder>
        <Stack>
          <Text>{t("forgotten.lead")}</Text>
          <TextInput label={t(userNames ? "forgotten.anyName" : "forgotten.addressOrNumber")} autoComplete="username" autoCapitalize="none" spellCheck={false} inputMode="email" required value={who} onChange={(event) => setWho(event.currentTarget.value)} />
          <ProblemNote error={ask.error} />
          {ask.isSuccess && (
            <Alert color="teal" radius="lg" role="status">
              {t("forgotten.sent", { who: who.trim() })}
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
