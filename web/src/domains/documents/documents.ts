/** Settings documents of a car: what an owner sets and the car keeps. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { client, Problem, told, type Schemas } from "../../kit/api";
import { useTexts } from "../../kit/i18n";
import type { CarLive } from "../../kit/live";
import { isObject, type Json, type Schema } from "../../kit/schema";

export type Document = Omit<Schemas["DocumentBody"], "body"> & { body: Json };

/** One setting, and the schema of its body for a form; both in the person's language. */
export function useDocument(vehicleId: string, kind: string) {
  const { language } = useTexts("documents");
  const params = { path: { vehicle_id: vehicleId, kind } };
  const document = useQuery({
    queryKey: ["vehicles", vehicleId, "documents", kind, language],
    queryFn: async () => (await told(client.GET("/api/v1/vehicles/{vehicle_id}/documents/{kind}", { params: { ...params } }))) as Document,
  });
  const schema = useQuery({
    queryKey: ["vehicles", vehicleId, "document-schema", kind, language],
    queryFn: async () => (await told(client.GET("/api/v1/vehicles/{vehicle_id}/documents/{kind}/schema", { params: { ...params } }))) as Schema,
    staleTime: 600_000,
  });
  return { document, schema };
}

/** Every setting of a car. */
export function useDocuments(vehicleId: string, isWanted: boolean) {
  const { language } = useTexts("documents");
  return useQuery({
    queryKey: ["vehicles", vehicleId, "documents", language],
    queryFn: async () => (await told(client.GET("/api/v1/vehicles/{vehicle_id}/documents", { params: { path: { vehicle_id: vehicleId } } }))).items as Document[],
    enabled: isWanted,
  });
}

/** Asks again for the settings whenever the car's event stream tells of them. */
export function useToldDocuments(vehicleId: string, car: CarLive): void {
  const known = useQueryClient();
  const news = JSON.stringify(car["documents"] ?? null);
  useEffect(() => {
    if (news !== "null") {
      void known.invalidateQueries({ queryKey: ["vehicles", vehicleId, "documents"] });
    }
  }, [known, vehicleId, news]);
}

/** Set it, on the version that was changed. Throws a `Problem`: `document-conflict` holds what counts now (`newerOf`). */
export async function setDocument(vehicleId: string, { kind, version }: Document, body: Json): Promise<Document> {
  const set = client.PUT("/api/v1/vehicles/{vehicle_id}/documents/{kind}", {
    params: { path: { vehicle_id: vehicleId, kind }, header: { "if-match": `"${version}"` } },
    body: body as Record<string, never>,
  });
  return (await told(set)) as Document;
}

/** What counts now, by a refusal that says so: somebody else, or the car, changed it meanwhile. */
export function newerOf(error: unknown): Document | null {
  const current = error instanceof Problem && error.code === "document-conflict" ? error.facts["current"] : undefined;
  return isObject(current as Json) ? (current as unknown as Document) : null;
}
