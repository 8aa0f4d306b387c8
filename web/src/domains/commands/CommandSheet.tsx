import { Button, Loader } from "@mantine/core";
import { IconCircleCheck, IconPlugConnectedX } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { Link } from "wouter";
import { Problem } from "../../kit/api";
import { useTexts } from "../../kit/i18n";
import { ProblemNote } from "../../kit/parts";
import { codeWords, isOfTheCode } from "./codes";
import { CodePad } from "./CodePad";
import styles from "./commands.module.css";
import type { DigitalKey } from "./keys";
import type { RemoteCommand } from "./life";
import { approve, sendSignedCommand, useChallenge, useKeepCommand } from "./remoteCommands";
import { Sheet } from "./Sheet";
import sheet from "./sheet.module.css";

interface Asked {
  vehicleId: string;
  digitalKey: DigitalKey;
  command: string;
  needsCode: boolean;
  /** A remote command of another browser that this phone signs; without it the phone commands by itself. */
  waiting?: RemoteCommand;
  title: string;
  /** What will happen, and the word on the button that lets it happen. */
  what: ReactNode;
  doIt: string;
  onClose: () => void;
}

/**
 * The step between the wish and the command (RC-8): while it is read, or the code typed, the car is asked for a challenge, so that a car
 * that can't be reached is told before anybody typed anything, and the command leaves without a wait.
 */
export function CommandSheet({ vehicleId, digitalKey, command, needsCode, waiting, title, what, doIt, onClose }: Asked) {
  const { t, language } = useTexts("commands");
  const { take, refusal, retry, isReady } = useChallenge(vehicleId, true);
  const keep = useKeepCommand(vehicleId);
  const [tries, setTries] = useState(0);
  const send = useMutation({
    mutationFn: (code: string | undefined) => {
      const wanted = { vehicleId, command, code };
      return waiting === undefined ? sendSignedCommand(wanted, digitalKey, take) : approve(waiting, wanted, digitalKey, take);
    },
    onSuccess: (remote) => {
      keep(remote);
      onClose();
    },
    onError: () => setTries(tries + 1),
  });
  const ofTheCode = isOfTheCode(send.error) ? send.error : null;
  const other = ofTheCode === null ? (send.error ?? refusal) : null;
  const again = () => {
    send.reset();
    void retry().catch(() => undefined);
  };
  return (
    <Sheet title={title} onClose={onClose}>
      <div className={`${styles.message} ${needsCode && other === null ? sheet.aboveKeys : ""}`}>{what}</div>
      {other !== null ? (
        <Refused error={other} onRetry={again} />
      ) : (
        <>
          {needsCode ? (
            <CodePad
              label={t("code.label")}
              busy={send.isPending}
              wrong={ofTheCode === null ? undefined : codeWords(ofTheCode, t, language)}
              hint={send.isPending ? t("sheet.sending") : undefined}
              tries={tries}
              onCode={(code) => send.mutate(code)}
            />
          ) : (
            <Button size="xl" fullWidth loading={send.isPending} onClick={() => send.mutate(undefined)} data-autofocus>
              {doIt}
            </Button>
          )}
          {ofTheCode !== null && ofTheCode.code !== "wrong-safety-code" && (
            <Button component={Link} href={`/safety-code?to=/cars/${vehicleId}`} variant="light" fullWidth>
              {ofTheCode.code === "safety-code-not-set" ? t("code.set") : t("code.forgotten")}
            </Button>
          )}
          <p className={styles.reach} role="status">
            {isReady ? <IconCircleCheck size={18} aria-hidden /> : <Loader size={16} aria-hidden />}
            {isReady ? t("sheet.ready") : t("sheet.checking")}
          </p>
        </>
      )}
    </Sheet>
  );
}

function Refused({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  const { t, has } = useTexts("commands");
  const { t: kit } = useTexts("kit");
  const code = error instanceof Problem ? error.code : "";
  if (!has(`sheet.problem.${code}.message`)) {
    return <ProblemNote error={error} onRetry={onRetry} />;
  }
  return (
    <div className={styles.centre} role="alert">
      <div className={styles.big} data-unhappy>
        <IconPlugConnectedX size={40} aria-hidden />
      </div>
      <p className={styles.rowName}>{t(`sheet.problem.${code}.message`)}</p>
      <p className={styles.message}>{t(`sheet.problem.${code}.cure`)}</p>
      <Button variant="default" fullWidth onClick={onRetry}>
        {kit("action.retry")}
      </Button>
    </div>
  );
}
