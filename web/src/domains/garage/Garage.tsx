import { ActionIcon, Button, Card, Stack, Text, Title, VisuallyHidden } from "@mantine/core";
import { IconBolt, IconBatteryFilled, IconCar, IconEyeOff, IconGasStation, IconKey, IconLock, IconLockOpen2, IconLockQuestion, IconPlus, IconSteeringWheel } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { client, told } from "../../kit/api";
import { age, percent } from "../../kit/format";
import { useTexts } from "../../kit/i18n";
import { useNow } from "../../kit/live";
import { Loading, Page, ProblemNote, Warning } from "../../kit/parts";
import { nameOf, useCar, useCars, usePairings, type Vehicle } from "./cars";
import styles from "./garage.module.css";
import { droveAgo, glance, type Glance } from "./glance";

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
  const status = useQuery({
    queryKey: ["glance", car.vehicle_id],
    queryFn: async () => {
      const { signals } = await told(client.GET("/api/v1/vehicles/{vehicle_id}/status", { params: { path: { vehicle_id: car.vehicle_id } } }));
      return glance(signals, Date.now());
    },
    refetchInterval: 4_000,
  });
  const seen = status.data;
  // Only of a car that says nothing is it asked why; it stays asked, for the level may change.
  const detail = useCar(car.vehicle_id, { enabled: seen?.saidAt === null, everyMs: 10_000 });
  const isPrivate = seen?.saidAt === null && detail.data?.privacy.level === "private";
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
        {isPrivate ? (
          <div className={styles.facts}>
            <Fact icon={<IconEyeOff aria-hidden size={18} />}>{t("private")}</Fact>
          </div>
        ) : (
          <>
            {seen !== undefined && <Facts seen={seen} now={now} />}
            <Text c="dimmed" size="sm" mt={4}>
              {seen?.saidAt === undefined || seen.saidAt === null ? t("silent") : t("said", { age: age((now - seen.saidAt) / 1000, language) })}
            </Text>
          </>
        )}
      </div>
    </Link>
  );
}

function Facts({ seen, now }: { seen: Glance; now: number }) {
  const { t, language } = useTexts("garage");
  const LockIcon = seen.locked === null ? IconLockQuestion : seen.locked ? IconLock : IconLockOpen2;
  const before = droveAgo(seen, now);
  return (
    <div className={styles.facts}>
      <Fact icon={<LockIcon aria-hidden size={18} />}>{seen.locked === null ? t("unknown") : seen.locked ? t("locked") : t("unlocked")}</Fact>
      {seen.charge !== null && (
        <Fact icon={<IconBatteryFilled aria-hidden size={18} />} name={t("battery")}>
          {percent(seen.charge, language)}
        </Fact>
      )}
      {seen.fuel !== null && (
        <Fact icon={<IconGasStation aria-hidden size={18} />} name={t("fuel")}>
          {percent(seen.fuel, language)}
        </Fact>
      )}
      {seen.droveAt !== null && (
        <Fact icon={<IconSteeringWheel aria-hidden size={18} />}>{before === null ? t("driving") : t("drove", { age: age(before, language) })}</Fact>
      )}
      {seen.charging && <Fact icon={<IconBolt aria-hidden size={18} />}>{t("charging")}</Fact>}
      {seen.warnings.map((warned) => (
        <Warning key={warned}>{t(`warning.${warned}`)}</Warning>
      ))}
    </div>
  );
}

/** One fact with its sign; `name` says what it is to those who do not see the sign. */
function Fact({ icon, name, children }: { icon: ReactNode; name?: string; children: ReactNode }) {
  return (
    <span className={styles.fact}>
      {icon}
      {name !== undefined && <VisuallyHidden component="span">{name} </VisuallyHidden>}
      {children}
    </span>
  );
}
