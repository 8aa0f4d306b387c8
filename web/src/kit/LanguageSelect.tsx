import { NativeSelect } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { LANGUAGES, speak, useTexts, type Language } from "./i18n";
import { ProblemNote } from "./parts";

/** Which language the app speaks on this device; each is called by its own name. `onChosen` hears of it once the app speaks it. */
export function LanguageSelect({ onChosen }: { onChosen?: (chosen: Language) => void }) {
  const { t, language } = useTexts("kit");
  const choose = useMutation({ mutationFn: speak, onSuccess: (_, chosen) => onChosen?.(chosen) });
  return (
    <>
      <NativeSelect
        size="md"
        label={t("language.label")}
        value={language}
        onChange={(event) => choose.mutate(event.currentTarget.value as Language)}
        data={LANGUAGES.map((value) => ({ value, label: t(`language.${value}`) }))}
      />
      <ProblemNote error={choose.error} />
    </>
  );
}
