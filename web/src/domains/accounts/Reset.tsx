import { Alert, Button, Card, PasswordInput, Stack } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { Link } from "wouter";
import { client, Problem, told } from "../../kit/api";
import { useTexts } from "../../kit/i18n";
import { Page, ProblemNote } from "../../kit/parts";
import { useTokenOfLink } from "./token";

/** Where the link of the reset mail leads. REQ ACC-2. */
export function Reset() {
  const { t } = useTexts("accounts");
  const token = useTokenOfLink();
  const [password, setPassword] = useState("");
  const reset = useMutation({
    mutationFn: () => told(client.POST("/api/v1/accounts/password-resets/confirm", { body: { token, new_password: password } })),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    reset.mutate();
  };
  return (
    <Page title={t("reset.title")}>
      <Stack>
        {token === "" && <Alert radius="lg">{t("reset.missing")}</Alert>}
        {token !== "" && !reset.isSuccess && (
          <Card component="form" onSubmit={submit} withBorder>
            <Stack>
              <PasswordInput label={t("reset.password")} description={t("signUp.passwordHint")} autoComplete="new-password" required minLength={10} maxLength={128} value={password} onChange={(event) => setPassword(event.currentTarget.value)} />
              <ProblemNote error={reset.error} />
              <Button type="submit" loading={reset.isPending}>
                {t("reset.submit")}
              </Button>
            </Stack>
          </Card>
        )}
        {(token === "" || (reset.error instanceof Problem && reset.error.code === "link-unusable")) && (
          <Button component={Link} href="/forgotten">
            {t("reset.another")}
          </Button>
        )}
        {reset.isSuccess && (
          <Alert color="teal" radius="lg" role="status">
            {t("reset.done")}
          </Alert>
        )}
        <Button component={Link} href="/sign-in" variant={reset.isSuccess ? "filled" : "default"}>
          {t("signIn.submit")}
        </Button>
      </Stack>
    </Page>
  );
}
