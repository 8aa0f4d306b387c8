import { Alert, Button, Card, Stack, Text, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useEffect, useRef, useState, type FormEvent } from "react";
import { Link } from "wouter";
import { client, told } from "../../kit/api";
import { useTexts } from "../../kit/i18n";
import { Page, ProblemNote } from "../../kit/parts";
import { useTokenOfLink } from "./token";

/** Where the link of the confirmation mail leads. REQ ACC-1. */
export function Confirm() {
  const { t } = useTexts("accounts");
  const token = useTokenOfLink();
  const confirm = useMutation({ mutationFn: () => told(client.POST("/api/v1/accounts/confirmations", { body: { token } })) });
  const { mutate } = confirm;
  const begun = useRef(false);
  useEffect(() => {
    // A link works once: a second run of this effect must not use it up.
    if (token !== "" && !begun.current) {
      begun.current = true;
      mutate();
    }
  }, [token, mutate]);
  return (
    <Page title={t("confirm.title")}>
      <Stack>
        {token === "" && <Alert radius="lg">{t("confirm.missing")}</Alert>}
        {confirm.isPending && <Text role="status">{t("confirm.working")}</Text>}
        {confirm.isSuccess && (
          <Alert color="teal" radius="lg" role="status">
            {t("confirm.done")}
          </Alert>
        )}
        <ProblemNote error={confirm.error} />
        {(token === "" || confirm.isError) && <AnotherLink />}
        <Button component={Link} href="/sign-in" variant={confirm.isSuccess ? "filled" : "default"}>
          {t("signIn.submit")}
        </Button>
      </Stack>
    </Page>
  );
}

/** A link that was used, is too old or was cut off: another one by mail. The same answer for every address, as at the sign-up. */
function AnotherLink() {
  const { t } = useTexts("accounts");
  const [email, setEmail] = useState("");
  const resend = useMutation({ mutationFn: () => told(client.POST("/api/v1/accounts/confirmations/resend", { body: { email: email.trim() } })) });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    resend.mutate();
  };
  return (
    <Card component="form" onSubmit={submit} withBorder>
      <Stack>
        <TextInput label={t("signIn.email")} type="email" autoComplete="username" inputMode="email" required value={email} onChange={(event) => setEmail(event.currentTarget.value)} />
        <ProblemNote error={resend.error} />
        {resend.isSuccess && (
          <Alert color="teal" radius="lg" role="status">
            {t("confirm.sent", { email: email.trim() })}
          </Alert>
        )}
        <Button type="submit" loading={resend.isPending}>
          {t("confirm.another")}
        </Button>
      </Stack>
    </Card>
  );
}
