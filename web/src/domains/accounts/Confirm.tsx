import { Alert, Button, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
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
        <Button component={Link} href="/sign-in">
          {t("signIn.submit")}
        </Button>
      </Stack>
    </Page>
  );
}
