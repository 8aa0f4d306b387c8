import { IconBell, IconShieldLock } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { Link } from "wouter";
import card from "../../kit/card.module.css";
import { useTexts } from "../../kit/i18n";
import { Pages } from "../../kit/pages";
import { Page } from "../../kit/parts";
import { NoticeWords } from "./NoticeWords";
import styles from "./notices.module.css";
import { useNotices, useRead, type Notice } from "./notices";

/** Everything that the owner was told about the cars. What is shown counts as read from then on; here it stays marked as new while it is looked at. REQ NOT-1. */
export default function NoticesPage() {
  const { t } = useTexts("notices");
  const list = useNotices();
  const { mutate: read } = useRead();
  const items = list.data?.pages.flatMap((page) => page.items) ?? [];
  const fresh = useFresh(items);
  const newest = items[0];
  const isNew = newest?.read_at === null;
  const until = newest?.told_at;
  useEffect(() => {
    if (isNew && until !== undefined) {
      read(until);
    }
  }, [isNew, until, read]);
  return (
    <Page title={t("title")}>
      <Pages list={list} none={t("none")} more={t("more")}>
        {(shown) => shown.map((notice) => <OneNotice key={notice.notice_id} notice={notice} isNew={fresh.has(notice.notice_id)} />)}
      </Pages>
    </Page>
  );
}

/** Those that were not read when this page first showed them. */
function useFresh(items: readonly Notice[]): ReadonlySet<string> {
  const [fresh, setFresh] = useState<ReadonlySet<string>>(new Set());
  const more = items.filter((notice) => notice.read_at === null && !fresh.has(notice.notice_id));
  if (more.length > 0) {
    setFresh(new Set([...fresh, ...more.map((notice) => notice.notice_id)]));
  }
  return fresh;
}

function OneNotice({ notice, isNew }: { notice: Notice; isNew: boolean }) {
  const { t } = useTexts("notices");
  const Sign = notice.security ? IconShieldLock : IconBell;
  return (
    <article className={`${card.card} ${styles.notice}`} data-new={isNew || undefined} data-kind={notice.kind}>
      <span className={styles.sign}>
        <Sign aria-hidden />
      </span>
      <div className={styles.words}>
        {isNew && <span className={styles.new}>{t("new")}</span>}
        <NoticeWords notice={notice} heading="h2" />
        <Link href={`/cars/${notice.vehicle_id}`} className={styles.link}>
          {t("toCar")}
        </Link>
      </div>
    </article>
  );
}
