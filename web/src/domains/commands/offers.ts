/** What a car can be told to do, as the platform tells it: names, who signs, arguments, and whether it is possible now. Nothing of this is known here. */
import { useQuery } from "@tanstack/react-query";
import { client, told, type Schemas } from "../../kit/api";
import { capital } from "../../kit/format";
import { useTexts, type Language } from "../../kit/i18n";
import { ordered, type Schema } from "../../kit/schema";
import type { Arguments } from "./keys";
import type { RemoteCommand } from "./life";

export type Offer = Omit<Schemas["CommandBody"], "arguments"> & { arguments: Schema };

/** The commands of a car, in the person's language. */
export function useOffers(vehicleId: string) {
  const { language } = useTexts("commands");
  return useQuery({
    queryKey: ["vehicles", vehicleId, "offers", language],
    queryFn: async () => (await told(client.GET("/api/v1/vehicles/{vehicle_id}/commands", { params: { path: { vehicle_id: vehicleId } } }))).items as Offer[],
  });
}

/** Those that belong to these declarations. */
export function offersOf(offers: readonly Offer[] | undefined, declarations: readonly string[]): Offer[] {
  return (offers ?? []).filter((offer) => declarations.includes(offer.declaration));
}

/** What a remote command was asked for with, in the order of the command: the platform keeps them without one, and a signature goes by it. */
export function argumentsOf(offer: Offer, remote: RemoteCommand): Arguments {
  return ordered(offer.arguments, remote.arguments) as Arguments;
}

/** What a command is called: by its own name, in plain letters, where the platform does not know it any more. */
export function commandName(command: string, offers: readonly Offer[] | undefined, language: Language): string {
  return capital(offers?.find((offer) => offer.command === command)?.label ?? command.replaceAll("_", " "), language);
}
