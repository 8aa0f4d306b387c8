import { Button, Stack } from "@mantine/core";
import { useState, type FormEvent } from "react";
import { useTexts } from "../../kit/i18n";
import { begun, misfits, ordered, type Json } from "../../kit/schema";
import { SchemaForm } from "../../kit/SchemaForm";
import { Sheet } from "../../kit/Sheet";
import type { Arguments } from "./keys";
import { commandName, type Offer } from "./offers";

/** Asks for the arguments of a command. */
export function ArgumentsSheet({ offer, onArguments, onClose }: { offer: Offer; onArguments: (given: Arguments) => void; onClose: () => void }) {
  const { t, language } = useTexts("commands");
  const [value, setValue] = useState<Json>(() => begun(offer.arguments));
  const [isTried, setTried] = useState(false);
  const wrong = misfits(offer.arguments, value);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (wrong.length === 0) {
      onArguments(ordered(offer.arguments, value) as Arguments);
    }
  };
  return (
    <Sheet title={commandName(offer.command, [offer], language)} onClose={onClose}>
      <form onSubmit={submit} noValidate>
        <Stack gap="lg">
          <SchemaForm schema={offer.arguments} value={value} onChange={setValue} misfits={isTried ? wrong : []} />
          <Button type="submit" size="xl" fullWidth>
            {t("flow.goOn")}
          </Button>
        </Stack>
      </form>
    </Sheet>
  );
}
