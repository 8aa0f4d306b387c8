import { Button, CloseButton } from "@mantine/core";
import { IconCheck, IconExclamationMark, IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { client, told } from "../../kit/api";
import * as format from "../../kit/format";
import { useTexts } from "../../kit/i18n";
import { useNow } from "../../kit/live";
import styles from "./commands.module.css";
import { isOver, isUnhappy, commandsOf, rows, type RemoteCommand } from "./life";
import { commandName, type Offer } from "./offers";

/** An outcome that is older than this when the page is opened is history, and stands among the earlier commands. */
const NEWS_MS = 120_000;

interface CommandLifeProps {
  vehicleId: string;
  remotes: Record<string, RemoteCommand> | undefined;
  /** The commands whose lives are shown, as the car offers them. */
  offers: readonly Offer[];
  /** Signs a remote command that waits for a phone; null where this browser is none of the car. */
  onApprove: ((remote: RemoteCommand) => void) | null;
}

/**
 * The outcome of the newest command, step by step, and those before it. It stays until the person hides it: nobody has to be quick to
 * read why something was refused.
 */
export function CommandLife({ vehicleId, remotes, offers, onApprove }: CommandLifeProps) {
  const { t } = useTexts("commands");
  const [isOpen, setOpen] = useState(false);
  const [opened] = useState(() => Date.now());
  const [hidden, setHidden] = useState("");
  const [newest, ...before] = commandsOf(remotes, offers.map((offer) => offer.command));
  if (newest === undefined) {
    return null;
  }
  const isNews = newest.command_id !== hidden && (!isOver(newest) || Date.parse(newest.requested_at) > opened - NEWS_MS);
  const earlier = isNews ? before : [newest, ...before];
  return (
    <>
      {isNews && (newest.state === "awaiting_phone" ? <Awaiting remote={newest} offers={offers} onApprove={onApprove} /> : <Life vehicleId={vehicleId} remote={newest} offers={offers} onHide={() => setHidden(newest.command_id)} />)}
      {earlier.length > 0 && (
        <details className={styles.earlier} onToggle={(event) => setOpen(event.currentTarget.open)}>
          <summary>{t("life.earlier")}</summary>
          {isOpen && earlier.map((remote) => <Past key={remote.command_id} vehicleId={vehicleId} remote={remote} offers={offers} />)}
        </details>
      )}
    </>
  );
}

/**
 * How a remote command stands, in the language of this page: the event stream speaks that of the account. What went well has words of our own; why
 * something did not is asked for, and what the stream said stands meanwhile.
 */
function useWords(vehicleId: string, remote: RemoteCommand): { message: string; cure: string } {
  const { t, language } = useTexts("commands");
  const isUnhappyOne = isUnhappy(remote);
  const { data } = useQuery({
    queryKey: ["vehicles", vehicleId, "remote_commands", remote.command_id, remote.state, language],
    queryFn: () => told(client.GET("/api/v1/vehicles/{vehicle_id}/remote-commands/{command_id}", { params: { path: { vehicle_id: vehicleId, command_id: remote.command_id } } })),
    enabled: isUnhappyOne,
    staleTime: Infinity,
  });
  return isUnhappyOne ? (data ?? remote) : { message: t(`said.${remote.state}`), cure: "" };
}

interface LifeProps {
  vehicleId: string;
  remote: RemoteCommand;
  offers: readonly Offer[];
}

function Life({ vehicleId, remote, offers, onHide }: LifeProps & { onHide: () => void }) {
  const { t, language } = useTexts("commands");
  const { message, cure } = useWords(vehicleId, remote);
  const command = commandName(remote.command, offers, language);
  const shown = rows(remote);
  const last = shown.findLastIndex((row) => row.at !== null);
  return (
    <section className={styles.card} aria-label={t("life.title")} data-command={remote.command} data-state={remote.state}>
      <div className={styles.cardHead}>
        <h2 className={styles.cardTitle}>{command}</h2>
        {isOver(remote) && <CloseButton size={44} radius="xl" onClick={onHide} aria-label={t("life.close")} />}
      </div>
      <div role="status" aria-live="polite" className={styles.message}>
        {isUnhappy(remote) ? <strong>{message}</strong> : message}
        {cure !== "" && <> {cure}</>}
      </div>
      {/* The role is said once more: a list without marks is none to VoiceOver. */}
      {/* eslint-disable-next-line jsx-a11y/no-redundant-roles */}
      <ol role="list" className={styles.steps} aria-label={t("life.steps", { command })}>
        {shown.map((row, place) => (
          <li
            key={row.state}
            className={styles.step}
            data-state={row.at === null ? undefined : row.state}
            data-now={(place === last && !isOver(remote)) || undefined}
            data-unhappy={(row.at !== null && ["refused", "failed", "expired"].includes(row.state)) || undefined}
            aria-hidden={row.at === null || undefined}
          >
            <span className={styles.mark}>{row.at !== null && <Mark state={row.state} />}</span>
            <span className={styles.stepName}>{t(`step.${row.state}`)}</span>
            {row.at !== null && <time className={styles.stepAt}>{format.time(row.at, language)}</time>}
          </li>
        ))}
      </ol>
    </section>
  );
}

function Mark({ state }: { state: RemoteCommand["state"] }) {
  if (state === "refused" || state === "failed") {
    return <IconX size={13} stroke={3} aria-hidden />;
  }
  return state === "expired" ? <IconExclamationMark size={13} stroke={3} aria-hidden /> : <IconCheck size={13} stroke={3} aria-hidden />;
}

function Awaiting({ remote, offers, onApprove }: Omit<LifeProps, "vehicleId"> & { onApprove: CommandLifeProps["onApprove"] }) {
  const { t, language } = useTexts("commands");
  const now = useNow();
  const left = Math.max(0, Math.ceil((Date.parse(remote.expires_at) - now) / 1000));
  return (
    <section className={styles.card} aria-label={t("life.title")} data-command={remote.command} data-state={remote.state}>
      <div className={styles.cardHead}>
        <h2 className={styles.cardTitle}>{t("approval.title", { command: commandName(remote.command, offers, language) })}</h2>
      </div>
      <p className={styles.message} role="status">
        {onApprove === null ? t("approval.elsewhere") : t("approval.here")}
      </p>
      {onApprove !== null && (
        <Button fullWidth onClick={() => onApprove(remote)}>
          {t("approval.approve")}
        </Button>
      )}
      <p className={styles.dim}>{t("approval.left", { seconds: left })}</p>
    </section>
  );
}

function Past({ vehicleId, remote, offers }: LifeProps) {
  const { t, language } = useTexts("commands");
  const { message, cure } = useWords(vehicleId, remote);
  return (
    <div className={styles.past} data-state={remote.state}>
      <span>
        {commandName(remote.command, offers, language)} · {t(`step.${remote.state}`)}
      </span>
      <span className={styles.dim}>{format.dateTime(remote.requested_at, language)}</span>
      {(isUnhappy(remote) || remote.phone !== null) && (
        <span className={styles.pastMessage}>
          {isUnhappy(remote) ? `${message} ${cure}` : t("life.by", { phone: remote.phone?.label })}
        </span>
      )}
    </div>
  );
}
