import { Alert, Button, Stack, Text, TextInput } from "@mantine/core";
import { useEffect, useRef, useState, type FormEvent } from "react";
import { useLocation } from "wouter";
import { useTexts } from "../../kit/i18n";
import styles from "./garage.module.css";

const LOOK_EVERY_MS = 250;

/** The part behind # of a head unit's address, if it is one: the car and the secret that its screen shows. */
export function secretOf(text: string): string | null {
  return /\/phone#([0-9a-f]{32}\.[A-Za-z0-9_-]{22})$/.exec(text.trim())?.[1] ?? null;
}

/** Reads the QR code on a car's screen by the camera, or takes its address as text, and goes on with it. */
export function ScanPhone() {
  const { t } = useTexts("garage");
  const [, navigate] = useLocation();
  const [scanning, setScanning] = useState(false);
  const [typed, setTyped] = useState("");
  const [bad, setBad] = useState(false);
  const goOn = (text: string): boolean => {
    const secret = secretOf(text);
    if (secret !== null) {
      navigate(`/phone#${secret}`);
    }
    return secret !== null;
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setBad(!goOn(typed));
  };
  return (
    <Stack>
      {scanning ? <Camera onText={goOn} /> : <Button onClick={() => setScanning(true)}>{t("phone.scan")}</Button>}
      <form onSubmit={submit}>
        <Stack gap="xs">
          <TextInput label={t("phone.paste")} error={bad ? t("phone.bad") : undefined} autoComplete="off" value={typed} onChange={(event) => setTyped(event.currentTarget.value)} />
          <Button type="submit" variant="default" disabled={typed.trim() === ""}>
            {t("phone.use")}
          </Button>
        </Stack>
      </form>
    </Stack>
  );
}

function Camera({ onText }: { onText: (text: string) => boolean }) {
  const { t } = useTexts("garage");
  const video = useRef<HTMLVideoElement>(null);
  const take = useRef(onText);
  useEffect(() => {
    take.current = onText;
  });
  const [fails, setFails] = useState(false);
  useEffect(() => {
    let stream: MediaStream | null = null;
    let timer: ReturnType<typeof setInterval> | undefined;
    let ended = false;
    const begin = async () => {
      const { readCode } = await import("./readCode");
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      const shown = video.current;
      if (ended || shown === null) {
        stream.getTracks().forEach((track) => track.stop());
        return;
      }
      shown.srcObject = stream;
      await shown.play();
      timer = setInterval(() => {
        void readCode(shown).then((text) => {
          if (text !== null && !ended && take.current(text)) {
            ended = true;
          }
        });
      }, LOOK_EVERY_MS);
    };
    begin().catch(() => setFails(true));
    return () => {
      ended = true;
      clearInterval(timer);
      stream?.getTracks().forEach((track) => track.stop());
    };
  }, []);
  if (fails) {
    return <Alert radius="lg">{t("phone.camera")}</Alert>;
  }
  return (
    <Stack gap="xs">
      <video ref={video} className={styles.video} muted playsInline aria-label={t("phone.look")} />
      <Text ta="center">{t("phone.look")}</Text>
    </Stack>
  );
}
