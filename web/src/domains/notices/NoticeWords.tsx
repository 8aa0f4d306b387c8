import card from "../../kit/card.module.css";
import { dateTime } from "../../kit/format";
import { useTexts } from "../../kit/i18n";
import styles from "./notices.module.css";
import type { Notice } from "./notices";

/** A notice: what happened, when, and what one may do. */
export function NoticeWords({ notice, heading: Heading }: { notice: Notice; heading: "h2" | "h3" }) {
  const { t, language } = useTexts("notices");
  return (
    <>
      <Heading className={styles.title}>{notice.title}</Heading>
      <p className={styles.message}>{notice.message}</p>
      {notice.action !== null && <p className={styles.message}>{notice.action}</p>}
      <p className={card.small}>
        {dateTime(notice.at, language)}
        {notice.further > 0 && ` · ${t("further", { count: notice.further })}`}
      </p>
    </>
  );
}
