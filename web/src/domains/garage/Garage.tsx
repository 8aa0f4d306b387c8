import { ActionIcon, Button, Card, Stack, Text, Title, VisuallyHidden } from "@mantine/core";
import { IconBolt, IconCar, IconEyeOff, IconKey, IconPlus } from "@tabler/icons-react";
import { Link } from "wouter";
import { age } from "../../kit/format";
import { useTexts, useWords } from "../../kit/i18n";
import { useNow } from "../../kit/live";
import { useNewest, type Newest } from "../../kit/newest";
import { Loading, Page, ProblemNote, Warning } from "../../kit/parts";
import { servicesOf, useServices, type GarageFact } from "../../kit/service";
import { useFetched } from "../../kit/ServicePart";
import { ageOfAll } from "./age";
import { nameOf, useCar, useCars, usePairings, type Vehicle, type VehicleDetail } from "./cars";
import styles from "./garage.module.css";

const LOOK_EVERY_MS = 4_000;
const ASK_EVERY_MS = 10_000;

/** Every car at a glance, and the way to add one. REQ ACC-4. */
export function Garage() {
  const { t } = useTexts("garage");
  const cars = useCars();
  const pairings = usePairings();
  const waiting = pairings.data?.items.filter((pairing) => pairing.state === "waiting") ?? [];
  return (
    <Page
      title={t("title")}
      side={
        <ActionIcon component={Link} href="/add" size={48} radius="xl" variant="light" aria-label={t("add")}>
          <IconPlus aria-hidden />
        </ActionIcon>
      }
    >
      <Stack gap="md">
        <ProblemNote error={cars.data === undefined ? cars.error : null} onRetry={() => void cars.refetch()} />
        {cars.data === undefined && !cars.isError && <Loading rows={3} height={104} />}
        {cars.data?.map((car) => <CarCard key={car.vehicle_id} car={car} />)}
        {waiting.map((pairing) => (
          <Link key={pairing.pairing_id} href={`/add/${pairing.pairing_id}`} className={styles.card}>
            <IconKey aria-hidden size={40} stroke={1.3} className={styles.picture} />
            <div className={styles.words}>
              <Text fw={650} size="lg">
                {pairing.model.name}
              </Text>
              <Text c="dimmed">{t("waiting")}</Text>
            </div>
          </Link>
        ))}
        {cars.data?.length === 0 && waiting.length === 0 && <Empty />}
      </Stack>
    </Page>
  );
}

function Empty() {
  const { t } = useTexts("garage");
  return (
    <Card withBorder>
      <Stack align="center" ta="center" py="lg">
        <IconCar aria-hidden size={72} stroke={1.1} />
        <Title order={2} size="h3">
          {t("empty.title")}
        </Title>
        <Text c="dimmed">{t("empty.text")}</Text>
        <Button component={Link} href="/add">
          {t("add")}
        </Button>
      </Stack>
    </Card>
  );
}

function CarCard({ car }: { car: Vehicle }) {
  const { t, language } = useTexts("garage");
  const now = useNow(10_000);
  const newest = useNewest(car.vehicle_id, { everyMs: LOOK_EVERY_MS }).data;
  const isSilent = newest !== undefined && Object.keys(newest.signals).length === 0;
  // A car that says nothing is asked why; it stays asked, for the level may change.
  const detail = useCar(car.vehicle_id, isSilent ? { everyMs: ASK_EVERY_MS } : {}).data;
  const told = useFacts(newest, detail, now);
  return (
    <Link href={`/cars/${car.vehicle_id}`} className={styles.card}>
      {car.powertrain === "ELECTRIC" ? <IconBolt aria-hidden size={44} stroke={1.3} className={styles.picture} /> : <IconCar aria-hidden size={44} stroke={1.3} className={styles.picture} />}
      <div className={styles.words}>
        <Text fw={650} size="lg" truncate>
          {nameOf(car)}
        </Text>
        {car.name !== null && (
          <Text c="dimmed" size="sm" truncate>
            {car.model.name}
          </Text>
        )}
        {isSilent && detail?.privacy.level === "private" ? (
          <div className={styles.facts}>
            <Fact fact={{ icon: IconEyeOff, text: t("private") }} />
          </div>
        ) : (
          <>
            <div className={styles.facts}>{told?.facts.map((fact) => <Fact key={fact.text} fact={fact} />)}</div>
            <Text c="dimmed" size="sm" mt={4}>
              {told === null || told.ageS === null ? t("silent") : t("said", { age: age(told.ageS, language) })}
            </Text>
          </>
        )}
      </div>
    </Link>
  );
}

/** What the car's services tell of it, and how old that is; null until it is known. */
function useFacts(newest: Newest | undefined, detail: VehicleDetail | undefined, now: number) {
  const { language, wordsOf } = useWords();
  const found = useFetched(servicesOf(useServices(), detail?.services ?? []), (service) => service.garageFacts);
  if (newest === undefined) {
    return null;
  }
  const { signals, aheadMs } = newest;
  const parts = (found ?? []).map(({ service, part }) => part(signals, now + aheadMs, { t: wordsOf(service.name), language }));
  return { facts: parts.flatMap((part) => part.facts), ageS: ageOfAll(signals, parts, now + aheadMs) };
}

/** One fact with its sign. */
function Fact({ fact: { icon: Sign, name, text, warns = false } }: { fact: GarageFact }) {
  return warns ? (
    <Warning>{text}</Warning>
  ) : (
    <span className={styles.fact}>
      <Sign aria-hidden size={18} />
      {name !== undefined && <VisuallyHidden component="span">{name} </VisuallyHidden>}
      {text}
    </span>
  );
}
