import { Alert, Button, Card, Stack, TextInput, Title } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { client, told, type Schemas } from "../../kit/api";
import { useTexts } from "../../kit/i18n";
import { ProblemNote } from "../../kit/parts";
import { useBrand } from "./names";

/** By what an account is found beside its address; an empty field takes a name away. REQ ACC-2. */
export function NamesCard({ account }: { account: Schemas["AccountBody"] }) {
  const { t } = useTexts("accounts");
  const known = useQueryClient();
  const userNames = useBrand().data?.user_names ?? false;
  const [userName, setUserName] = useState(account.user_name ?? "");
  const [mobile, setMobile] = useState(account.mobile ?? "");
  const save = useMutation({
    mutationFn: () => told(client.PATCH("/api/v1/account", { body: { mobile: mobile.trim(), ...(userNames ? { user_name: userName.trim() } : {}) } })),
    onSuccess: (changed) => {
      known.setQueryData(["account"], changed);
      setUserName(changed.user_name ?? "");
      setMobile(changed.mobile ?? "");
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <Card component="form" onSubmit={submit} withBorder>
      <Stack>
        <Title order={2} size="h4">
          {t("account.names")}
        </Title>
        {userNames && (
          <TextInput label={t("account.userName")} description={t("account.userNameHint")} autoComplete="username" autoCapitalize="none" spellCheck={false} maxLength={30} value={userName} onChange={(event) => setUserName(event.currentTarget.value)} />
        )}
        <TextInput label={t("account.mobile")} description={t("account.mobileHint")} type="tel" autoComplete="tel" maxLength={40} value={mobile} onChange={(event) => setMobile(event.currentTarget.value)} />
        <ProblemNote error={save.error} />
        {save.isSuccess && (
          <Alert color="teal" radius="lg" role="status">
            {t("account.namesSaved")}
          </Alert>
        )}
        <Button type="submit" variant="light" loading={save.isPending}>
          {t("account.saveNames")}
        </Button>
      </Stack>
    </Card>
  );
}
