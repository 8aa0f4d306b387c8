import { Button, Stack } from "@mantine/core";
import { IconAdjustments, IconHistory } from "@tabler/icons-react";
import card from "../../kit/card.module.css";
import * as format from "../../kit/format";
import { useTexts } from "../../kit/i18n";
import type { CarLive } from "../../kit/live";
import { Loading, ProblemNote } from "../../kit/parts";
import { plain } from "../../kit/Values";
import { CommandLife } from "../commands/CommandLife";
import { argumentsOf, commandName, offersOf, useOffers } from "../commands/offers";
import { useCommanding } from "../commands/useCommanding";
import { useDocuments, useToldDocuments } from "../documents/documents";
import { useNoticesOf } from "../notices/notices";
import { NoticeWords } from "../notices/NoticeWords";
import { useDescribed, type Described } from "./described";
import styles from "./generic.module.css";
import { Row } from "./Links";
import type { ValueRow } from "./rows";
import { ValueTable } from "./ValueTable";

/** Notices that a card shows; all of them are on the page of notices. */
const SHOWN = 3;

interface GenericProps {
  vehicleId: string;
  car: CarLive;
  nowMs: number;
  /** What other services show of signals: a signal has the same name everywhere. */
  rows: readonly ValueRow[];
}

/** A card for each of these declarations, made of what it declares: for services that this app has no part for. */
export default function GenericCards({ names, ...props }: GenericProps & { names: readonly string[] }) {
  const described = useDescribed(props.vehicleId, true);
  if (described.data === undefined) {
    return described.error === null ? <Loading rows={1} /> : <ProblemNote error={described.error} onRetry={() => void described.refetch()} />;
  }
  return described.data.filter((one) => names.includes(one.declaration)).map((one) => <GenericCard key={one.declaration} service={one} {...props} />);
}

function GenericCard({ service, ...props }: GenericProps & { service: Described }) {
  const { language } = useTexts("car");
  const heading = `service-${service.declaration}`;
  return (
    <section className={card.card} aria-labelledby={heading} data-service={service.declaration}>
      <h2 id={heading} className={card.title}>
        {format.capital(service.label, language)}
      </h2>
      <Stack gap="md">
        <p className={card.dim}>{service.purpose}</p>
        {!service.open && (
          <p className={card.dim}>
            {service.message} <strong>{service.cure}</strong>
          </p>
        )}
        <Signals service={service} {...props} />
        <Commands service={service} {...props} />
        <Pages service={service} {...props} />
        <Notices service={service} {...props} />
      </Stack>
    </section>
  );
}

function Signals({ service, car, rows, nowMs }: GenericProps & { service: Described }) {
  const { t, language } = useTexts("kit");
  const shown = service.signals.flatMap(({ path, label, unit }): ValueRow[] => {
    const newest = car.status?.[path];
    const known = rows.find((row) => row.path === path);
    return newest === undefined ? [] : [known ?? { path, group: "care", name: label, value: plain(newest.value, unit, t, language), alert: false, newest }];
  });
  return shown.length === 0 ? null : <ValueTable heading={`service-${service.declaration}`} rows={shown} nowMs={nowMs} />;
}

function Commands({ service, vehicleId, car }: GenericProps & { service: Described }) {
  const { language } = useTexts("car");
  const offers = offersOf(useOffers(vehicleId).data, [service.declaration]);
  const { ask, sheet, canApprove } = useCommanding(vehicleId, car);
  return offers.length === 0 ? null : (
    <>
      <div className={styles.commands}>
        {offers.map((offer) => (
          <Button key={offer.command} variant="light" onClick={() => ask({ offer })} data-offer={offer.command}>
            {commandName(offer.command, offers, language)}
          </Button>
        ))}
      </div>
      <CommandLife
        vehicleId={vehicleId}
        remotes={car.remote_commands}
        offers={offers}
        onApprove={
          canApprove
            ? (waiting) => {
                const offer = offers.find((one) => one.command === waiting.command);
                if (offer !== undefined) {
                  ask({ offer, args: argumentsOf(offer, waiting), waiting });
                }
              }
            : null
        }
      />
      {sheet}
    </>
  );
}

/** What can be set, and what happened: each has a page. */
function Pages({ service, vehicleId, car }: GenericProps & { service: Described }) {
  const documents = useDocuments(vehicleId, service.documents.length > 0);
  useToldDocuments(vehicleId, car);
  const { t, language } = useTexts("car");
  return service.documents.length + service.histories.length === 0 ? null : (
    <div className={styles.rows}>
      {service.documents.map(({ kind, label }) => {
        const stands = documents.data?.find((one) => one.kind === kind);
        return <Row key={kind} href={`/cars/${vehicleId}/settings/${kind}`} icon={IconAdjustments} name={format.capital(label, language)} what={stands?.message ?? ""} />;
      })}
      {service.histories.map(({ kind, label }) => (
        <Row key={kind} href={`/cars/${vehicleId}/history/${kind}`} icon={IconHistory} name={format.capital(label, language)} what={t("generic.history")} />
      ))}
    </div>
  );
}

function Notices({ service, vehicleId }: GenericProps & { service: Described }) {
  const { t } = useTexts("car");
  const notices = useNoticesOf(vehicleId, service.notices).slice(0, SHOWN);
  return notices.length === 0 ? null : (
    <section aria-label={t("generic.notices")} className={styles.notices}>
      {notices.map((notice) => (
        <article key={notice.notice_id} data-kind={notice.kind}>
          <NoticeWords notice={notice} heading="h3" />
        </article>
      ))}
    </section>
  );
}
