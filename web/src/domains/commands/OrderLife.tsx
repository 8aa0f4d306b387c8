import { Button, CloseButton } from "@mantine/core";
import { IconCheck, IconExclamationMark, IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { client, told } from "../../kit/api";
import * as format from "../../kit/format";
import { useTexts } from "../../kit/i18n";
import { useNow } from "../../kit/live";
import styles from "./commands.module.css";
import { isOver, isUnhappy, ordersOf, rows, type Order } from "./life";

/** An outcome that is older than this when the page is opened is history, and stands among the earlier orders. */
const NEWS_MS = 120_000;

interface OrderLifeProps {
  vehicleId: string;
  orders: Record<string, Order> | undefined;
  commands: readonly string[];
  /** Signs an order that waits for a phone; null where this browser is none of the car. */
  onApprove: ((order: Order) => void) | null;
}

/**
 * What became of the newest order, step by step, and those before it. It stays until the person hides it: nobody has to be quick to
 * read why something was refused.
 */
export function OrderLife({ vehicleId, orders, commands, onApprove }: OrderLifeProps) {
  const { t } = useTexts("commands");
  const [isOpen, setOpen] = useState(false);
  const [opened] = useState(() => Date.now());
  const [hidden, setHidden] = useState("");
  const [newest, ...before] = ordersOf(orders, commands);
  if (newest === undefined) {
    return null;
  }
  const isNews = newest.order_id !== hidden && (!isOver(newest) || Date.parse(newest.requested_at) > opened - NEWS_MS);
  const earlier = isNews ? before : [newest, ...before];
  return (
    <>
      {isNews && (newest.state === "awaiting_phone" ? <Awaiting order={newest} onApprove={onApprove} /> : <Life vehicleId={vehicleId} order={newest} onHide={() => setHidden(newest.order_id)} />)}
      {earlier.length > 0 && (
        <details className={styles.earlier} onToggle={(event) => setOpen(event.currentTarget.open)}>
          <summary>{t("life.earlier")}</summary>
          {isOpen && earlier.map((order) => <Past key={order.order_id} vehicleId={vehicleId} order={order} />)}
        </details>
      )}
    </>
  );
}

/**
 * How an order stands, in the language of this page: the event stream speaks that of the account. What went well has words of our own; why
 * something did not is asked for, and what the stream said stands meanwhile.
 */
function useWords(vehicleId: string, order: Order): { message: string; cure: string } {
  const { t, language } = useTexts("commands");
  const isUnhappyOne = isUnhappy(order);
  const { data } = useQuery({
    queryKey: ["vehicles", vehicleId, "orders", order.order_id, order.state, language],
    queryFn: () => told(client.GET("/api/v1/vehicles/{vehicle_id}/orders/{order_id}", { params: { path: { vehicle_id: vehicleId, order_id: order.order_id } } })),
    enabled: isUnhappyOne,
    staleTime: Infinity,
  });
  return isUnhappyOne ? (data ?? order) : { message: t(`said.${order.state}`), cure: "" };
}

function Life({ vehicleId, order, onHide }: { vehicleId: string; order: Order; onHide: () => void }) {
  const { t, language } = useTexts("commands");
  const { message, cure } = useWords(vehicleId, order);
  const command = commandName(order, t);
  const shown = rows(order);
  const last = shown.findLastIndex((row) => row.at !== null);
  return (
    <section className={styles.card} aria-label={t("life.title")} data-order={order.command} data-state={order.state}>
      <div className={styles.cardHead}>
        <h2 className={styles.cardTitle}>{command}</h2>
        {isOver(order) && <CloseButton size={44} radius="xl" onClick={onHide} aria-label={t("life.close")} />}
      </div>
      <div role="status" aria-live="polite" className={styles.message}>
        {isUnhappy(order) ? <strong>{message}</strong> : message}
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
            data-now={(place === last && !isOver(order)) || undefined}
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

function Mark({ state }: { state: Order["state"] }) {
  if (state === "refused" || state === "failed") {
    return <IconX size={13} stroke={3} aria-hidden />;
  }
  return state === "expired" ? <IconExclamationMark size={13} stroke={3} aria-hidden /> : <IconCheck size={13} stroke={3} aria-hidden />;
}

function Awaiting({ order, onApprove }: { order: Order; onApprove: ((order: Order) => void) | null }) {
  const { t } = useTexts("commands");
  const now = useNow();
  const left = Math.max(0, Math.ceil((Date.parse(order.expires_at) - now) / 1000));
  return (
    <section className={styles.card} aria-label={t("life.title")} data-order={order.command} data-state={order.state}>
      <div className={styles.cardHead}>
        <h2 className={styles.cardTitle}>{t("approval.title", { command: commandName(order, t) })}</h2>
      </div>
      <p className={styles.message} role="status">
        {onApprove === null ? t("approval.elsewhere") : t("approval.here")}
      </p>
      {onApprove !== null && (
        <Button fullWidth onClick={() => onApprove(order)}>
          {t("approval.approve")}
        </Button>
      )}
      <p className={styles.dim}>{t("approval.left", { seconds: left })}</p>
    </section>
  );
}

function Past({ vehicleId, order }: { vehicleId: string; order: Order }) {
  const { t, language } = useTexts("commands");
  const { message, cure } = useWords(vehicleId, order);
  return (
    <div className={styles.past} data-state={order.state}>
      <span>
        {commandName(order, t)} · {t(`step.${order.state}`)}
      </span>
      <span className={styles.dim}>{format.dateTime(order.requested_at, language)}</span>
      {(isUnhappy(order) || order.phone !== null) && (
        <span className={styles.pastMessage}>
          {isUnhappy(order) ? `${message} ${cure}` : t("life.by", { phone: order.phone?.label })}
        </span>
      )}
    </div>
  );
}

function commandName(order: Order, t: (key: string) => string): string {
  return ["lock", "unlock", "refresh"].includes(order.command) ? t(`command.${order.command}`) : order.command;
}
