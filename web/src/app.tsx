import { Button, Group, Text } from "@mantine/core";
import { IconBell, IconCar, IconUserCircle } from "@tabler/icons-react";
import { Suspense } from "react";
import { Link, Redirect, Route, Switch, useLocation } from "wouter";
import { AccountPage } from "./domains/accounts/AccountPage";
import { Confirm } from "./domains/accounts/Confirm";
import { Forgotten } from "./domains/accounts/Forgotten";
import { Reset } from "./domains/accounts/Reset";
import { SignIn } from "./domains/accounts/SignIn";
import { SignUp } from "./domains/accounts/SignUp";
import { Garage } from "./domains/garage/Garage";
import { useUnread } from "./domains/notices/notices";
import { Unreachable } from "./kit/api";
import { useTexts } from "./kit/i18n";
import { Boundary, late } from "./kit/late";
import { useOnline } from "./kit/live";
import { Loading, Page, ProblemNote } from "./kit/parts";
import styles from "./kit/parts.module.css";
import { forgetQueries } from "./kit/query";
import { useServices } from "./kit/service";
import { ServicePart } from "./kit/ServicePart";
import { useSession } from "./kit/session";
import { useUpdate } from "./kit/updates";

// What few visits need comes when it is needed.
const AddCar = late(() => import("./domains/garage/AddCar"));
const NameCar = late(() => import("./domains/garage/NameCar"));
const RemoveCar = late(() => import("./domains/garage/RemoveCar"));
const CarPage = late(() => import("./domains/car/CarPage"));
const DocumentPage = late(() => import("./domains/documents/DocumentPage"));
const HistoryPage = late(() => import("./domains/history/HistoryPage"));
const NoticesPage = late(() => import("./domains/notices/NoticesPage"));
const Phone = late(() => import("./domains/commands/Phone"));
const SafetyCode = late(() => import("./domains/commands/SafetyCode"));
const Phones = late(() => import("./domains/commands/Phones"));

/** More are not counted on the bell: the sign has two places. */
const MOST_UNREAD = 99;

/** The whole app: what stands around the pages, and which address shows which page. */
export function App() {
  const { signedIn } = useSession();
  const { t } = useTexts("kit");
  const [location] = useLocation();
  const online = useOnline();
  return (
    <div className={styles.shell}>
      <a href="#content" className={styles.skip}>
        {t("nav.content")}
      </a>
      {!online && (
        <div role="status" className={styles.offline}>
          {t("state.offline")}
        </div>
      )}
      <NewVersion />
      <Boundary of={location} instead={(error) => <Unshown error={error} />}>
        <Suspense fallback={<Waiting />}>{signedIn ? <Inside /> : <Outside />}</Suspense>
      </Boundary>
      {signedIn && <Tabs />}
    </div>
  );
}

function Outside() {
  const [location] = useLocation();
  return (
    <Switch>
      <Route path="/sign-up" component={SignUp} />
      <Route path="/confirm" component={Confirm} />
      <Route path="/forgotten" component={Forgotten} />
      <Route path="/reset" component={Reset} />
      <Route path="/sign-in" component={SignIn} />
      <Route>
        {/* Where the person wanted to go is kept; what stands behind # (a phone's secret) stays in the page's own memory. */}
        <Redirect to={location === "/" ? "/sign-in" : `/sign-in?to=${encodeURIComponent(location)}`} state={{ hash: window.location.hash }} />
      </Route>
    </Switch>
  );
}

function Inside() {
  return (
    <Switch>
      <Route path="/" component={Garage} />
      <Route path="/add" component={AddCar} />
      <Route path="/add/:pairingId" component={AddCar} />
      <Route path="/phone" component={Phone} />
      <Route path="/safety-code" component={SafetyCode} />
      <Route path="/cars/:vehicleId" component={CarPage} />
      <Route path="/cars/:vehicleId/phones" component={Phones} />
      <Route path="/cars/:vehicleId/name" component={NameCar} />
      <Route path="/cars/:vehicleId/remove" component={RemoveCar} />
      <Route path="/cars/:vehicleId/settings/:kind" component={DocumentPage} />
      <Route path="/cars/:vehicleId/history/:kind" component={HistoryPage} />
      <Route path="/cars/:vehicleId/:page">{({ page }) => <PageOfService path={page} />}</Route>
      <Route path="/notices" component={NoticesPage} />
      <Route path="/account" component={AccountPage} />
      <Route path="/confirm" component={Confirm} />
      <Route path="/forgotten" component={Forgotten} />
      <Route path="/reset" component={Reset} />
      <Route path="/sign-in">
        <Redirect to="/" />
      </Route>
      <Route path="/sign-up">
        <Redirect to="/" />
      </Route>
      <Route component={Nowhere} />
    </Switch>
  );
}

/** A page that a service brings. */
function PageOfService({ path }: { path: string }) {
  const found = useServices().flatMap((service) => (service.pages ?? []).filter((page) => page.path === path).map(({ page }) => ({ service, page })))[0];
  return found === undefined ? <Nowhere /> : <ServicePart key={path} service={found.service} part={found.page} props={{}} waiting={<Waiting />} />;
}

function Nowhere() {
  const { t } = useTexts("kit");
  return (
    <Page title={t("problem.notFound")} back="/">
      <Button component={Link} href="/">
        {t("problem.toGarage")}
      </Button>
    </Page>
  );
}

/**
 * A page whose code did not come, or that has a fault of ours. What was fetched once is on the device, so loading the app anew needs no network.
 * After a fault what was last known is forgotten first: it may be what the page stumbled over.
 */
function Unshown({ error }: { error: unknown }) {
  const { t } = useTexts("kit");
  const update = useUpdate();
  const again = async () => {
    if (update !== null) {
      // A part that the platform no longer serves: there is a newer app.
      return update();
    }
    if (!(error instanceof Unreachable)) {
      await forgetQueries();
    }
    window.location.reload();
  };
  return (
    <Page title={t("problem.title")} back="/">
      <ProblemNote error={error} onRetry={() => void again()} />
    </Page>
  );
}

function Waiting() {
  return (
    <div className={styles.page}>
      <Loading />
    </div>
  );
}

function Tabs() {
  const [location] = useLocation();
  const { t } = useTexts("kit");
  const unread = useUnread();
  const here = ["/account", "/notices"].find((path) => location.startsWith(path)) ?? "/";
  const currentAt = (path: string) => (path === here ? "page" : undefined);
  return (
    <nav className={styles.bar} aria-label={t("nav.main")}>
      <Link href="/" className={styles.tab} aria-current={currentAt("/")}>
        <IconCar aria-hidden />
        {t("nav.garage")}
      </Link>
      <Link href="/notices" className={styles.tab} aria-current={currentAt("/notices")} aria-label={unread === 0 ? undefined : `${t("nav.notices")}, ${t("nav.unread", { count: unread })}`}>
        <span className={styles.bell}>
          <IconBell aria-hidden />
          {unread > 0 && (
            <span className={styles.unread} data-unread={unread} aria-hidden>
              {unread > MOST_UNREAD ? `${MOST_UNREAD}+` : unread}
            </span>
          )}
        </span>
        {t("nav.notices")}
      </Link>
      <Link href="/account" className={styles.tab} aria-current={currentAt("/account")}>
        <IconUserCircle aria-hidden />
        {t("nav.account")}
      </Link>
    </nav>
  );
}

function NewVersion() {
  const take = useUpdate();
  const { t } = useTexts("kit");
  if (take === null) {
    return null;
  }
  return (
    <Group justify="center" p="xs" role="status">
      <Text size="sm">{t("update.ready")}</Text>
      <Button size="compact-sm" onClick={() => void take()}>
        {t("update.take")}
      </Button>
    </Group>
  );
}
