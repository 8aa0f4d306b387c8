import { IconChevronRight, IconDeviceMobile, IconPencil, IconTrash, type Icon } from "@tabler/icons-react";
import { Link } from "wouter";
import { useTexts, useWords } from "../../kit/i18n";
import card from "../../kit/card.module.css";
import type { ServicePage, WebService } from "../../kit/service";
import { useFetched } from "../../kit/ServicePart";
import styles from "./links.module.css";

const OURS = { phones: IconDeviceMobile, name: IconPencil, remove: IconTrash };
type Ours = keyof typeof OURS;

/** The daily pages of a car: those of its services, and its phones. */
export function ServiceLinks({ vehicleId, services }: { vehicleId: string; services: readonly WebService[] }) {
  const { t } = useTexts("car");
  const { wordsOf } = useWords();
  const found = useFetched<readonly ServicePage[]>(services, ({ pages }) => pages && (() => Promise.resolve({ default: pages })));
  return (
    <div className={styles.links}>
      {found?.flatMap(({ service, part }) =>
        part.map(({ path, icon, name, what }) => {
          const words = wordsOf(service.name);
          return <Row key={path} href={`/cars/${vehicleId}/${path}`} icon={icon} name={words(name)} what={words(what)} />;
        }),
      )}
      <Row href={`/cars/${vehicleId}/phones`} icon={OURS.phones} name={t("links.phones")} what={t("links.phonesWhat")} />
    </div>
  );
}

/** Those that are rarely wanted. */
export function OurLinks({ vehicleId, names }: { vehicleId: string; names: readonly Ours[] }) {
  const { t } = useTexts("car");
  return (
    <div className={styles.links}>
      {names.map((name) => (
        <Row key={name} href={`/cars/${vehicleId}/${name}`} icon={OURS[name]} name={t(`links.${name}`)} what={t(`links.${name}What`)} />
      ))}
    </div>
  );
}

/** A link to a page, with its name and a line below. */
export function Row({ href, icon: Sign, name, what }: { href: string; icon: Icon; name: string; what: string }) {
  return (
    <Link href={href} className={styles.link}>
      <Sign aria-hidden />
      <span className={styles.linkText}>
        <span className={styles.linkName}>{name}</span>
        <span className={card.small}>{what}</span>
      </span>
      <IconChevronRight size={20} aria-hidden />
    </Link>
  );
}
