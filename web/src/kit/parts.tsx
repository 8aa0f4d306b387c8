import { ActionIcon, Alert, Button, Skeleton, Stack, Text, Title } from "@mantine/core";
import { IconAlertTriangle, IconChevronLeft } from "@tabler/icons-react";
import { useEffect, useRef, type ReactNode } from "react";
import { Link } from "wouter";
import { isNotFound, Problem, Unanswered, Unreachable } from "./api";
import { useTexts } from "./i18n";
import styles from "./parts.module.css";

interface PageProps {
  title: string;
  /** What the page is about, in one line below its title: the car's name. */
  under?: string | undefined;
  back?: string;
  side?: ReactNode;
  brand?: boolean;
  children: ReactNode;
}

/** One page: its title is the document's, and takes the focus when the page is entered, so that a screen reader says where one is. */
export function Page({ title, under, back, side, brand = false, children }: PageProps) {
  const { t } = useTexts("kit");
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · ${t("app")}`;
  }, [title, t]);
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  return (
    <main id="content" className={styles.page}>
      {brand && (
        <p className={styles.brand}>
          <img src="/icons/icon.svg" alt="" width={64} height={64} />
          {t("app")}
        </p>
      )}
      <header className={styles.head}>
        {back !== undefined && (
          <ActionIcon component={Link} href={back} variant="subtle" color="gray" size={44} radius="xl" aria-label={t("nav.back")} className={styles.back}>
            <IconChevronLeft aria-hidden />
          </ActionIcon>
        )}
        <div className={styles.title}>
          <Title order={1} ref={heading} tabIndex={-1} style={{ outline: "none" }}>
            {title}
          </Title>
          {under !== undefined && <Text c="dimmed">{under}</Text>}
        </div>
        {side}
      </header>
      {children}
    </main>
  );
}

/** What went wrong, why, and what the person can do about it; never a dead end. */
export function ProblemNote({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { t } = useTexts("kit");
  if (error === null || error === undefined) {
    return null;
  }
  const known = error instanceof Problem;
  const isNotYours = known && error.code === "vehicle-not-found";
  // Nothing stands at this address: trying again changes nothing, and the cure is for programs, which know cars and kinds by their ids.
  const isNowhere = isNotYours || (onRetry !== undefined && isNotFound(error));
  const message = isNotYours ? t("problem.notYours") : known ? error.message : words(error, t)[0];
  const cure = isNowhere ? "" : known ? error.cure : words(error, t)[1];
  return (
    <Alert color="red" variant="light" radius="lg" icon={<IconAlertTriangle aria-hidden />} title={message} role="alert">
      <Stack gap="xs" align="flex-start">
        {cure !== "" && <Text size="sm">{cure}</Text>}
        {known &&
          error.members.map((member) => (
            <Text size="sm" key={member.name + member.problem}>
              {member.name}: {member.problem}
            </Text>
          ))}
        {isNowhere ? (
          <Button component={Link} href="/" size="compact-md" variant="default">
            {t("problem.toGarage")}
          </Button>
        ) : (
          onRetry && (
            <Button size="compact-md" variant="default" onClick={onRetry}>
              {t("action.retry")}
            </Button>
          )
        )}
      </Stack>
    </Alert>
  );
}

/** Something that the owner should look at, in a few words. */
export function Warning({ children }: { children: ReactNode }) {
  return (
    <span className={styles.warning}>
      <IconAlertTriangle size={16} aria-hidden /> {children}
    </span>
  );
}

function words(error: unknown, t: (key: string) => string): [string, string] {
  if (error instanceof Unanswered) {
    return [t("problem.unanswered"), t("problem.unansweredCure")];
  }
  return error instanceof Unreachable ? [t("problem.unreachable"), t("problem.unreachableCure")] : [t("problem.unknown"), ""];
}

/** Holds the place of what is being loaded, so that nothing jumps when it comes. */
export function Loading({ rows = 3, height = 96 }: { rows?: number; height?: number }) {
  const { t } = useTexts("kit");
  return (
    <Stack gap="md" role="status" aria-label={t("state.loading")}>
      {Array.from({ length: rows }, (_, row) => (
        <Skeleton key={row} height={height} radius="xl" />
      ))}
    </Stack>
  );
}
