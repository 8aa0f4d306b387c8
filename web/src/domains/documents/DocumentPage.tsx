import { Alert, Button, Stack } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useParams } from "wouter";
import { isNotFound } from "../../kit/api";
import card from "../../kit/card.module.css";
import { capital } from "../../kit/format";
import { useTexts } from "../../kit/i18n";
import { useCarLive } from "../../kit/live";
import { Loading, Page, ProblemNote } from "../../kit/parts";
import { begun, isObject, misfits, ordered, type Json, type Schema } from "../../kit/schema";
import { SchemaForm } from "../../kit/SchemaForm";
import { Values } from "../../kit/Values";
import { fullNameOf, useCar } from "../garage/cars";
import { newerOf, setDocument, useDocument, useToldDocuments, type Document } from "./documents";

/** One setting of a car: what counts, how it stands with the car, and a form to change it. */
export default function DocumentPage() {
  const { vehicleId = "", kind = "" } = useParams();
  return <OneDocument key={`${vehicleId} ${kind}`} vehicleId={vehicleId} kind={kind} />;
}

function OneDocument({ vehicleId, kind }: { vehicleId: string; kind: string }) {
  const { language } = useTexts("documents");
  const { t: kit } = useTexts("kit");
  const { document, schema } = useDocument(vehicleId, kind);
  const { car: live } = useCarLive(vehicleId);
  useToldDocuments(vehicleId, live);
  const car = useCar(vehicleId).data;
  const error = document.data === undefined ? document.error : schema.data === undefined ? schema.error : null;
  const again = () => {
    void document.refetch();
    void schema.refetch();
  };
  return (
    <Page title={document.data !== undefined ? capital(document.data.label, language) : isNotFound(error) ? kit("problem.notFound") : "…"} under={car && fullNameOf(car)} back={`/cars/${vehicleId}`}>
      {error !== null ? (
        <ProblemNote error={error} onRetry={again} />
      ) : document.data === undefined || schema.data === undefined ? (
        <Loading rows={2} />
      ) : (
        <Form vehicleId={vehicleId} document={document.data} schema={schema.data} />
      )}
    </Page>
  );
}

/** The form keeps what was typed, whatever happens meanwhile: a newer version is shown beside it, and the person decides. */
function Form({ vehicleId, document, schema }: { vehicleId: string; document: Document; schema: Schema }) {
  const { t } = useTexts("documents");
  const known = useQueryClient();
  const [typed, setTyped] = useState<Json | null>(null);
  const [madeOn, setMadeOn] = useState(document);
  const [isTried, setTried] = useState(false);
  const value = typed ?? complete(schema, document.body);
  const wrong = misfits(schema, value);
  const save = useMutation({
    mutationFn: () => setDocument(vehicleId, typed === null ? document : madeOn, ordered(schema, value)),
    onSuccess: (set) => {
      known.setQueriesData({ queryKey: ["vehicles", vehicleId, "documents", document.kind] }, set);
      void known.invalidateQueries({ queryKey: ["vehicles", vehicleId, "documents"] });
      setTyped(null);
      setTried(false);
    },
  });
  const newer = newerOf(save.error);
  const change = (next: Json) => {
    if (typed === null) {
      setMadeOn(document);
    }
    setTyped(next);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (wrong.length === 0) {
      save.mutate();
    }
  };
  const keepMine = (current: Document) => {
    setMadeOn(current);
    save.reset();
  };
  const takeNewer = (current: Document) => {
    known.setQueriesData({ queryKey: ["vehicles", vehicleId, "documents", document.kind] }, { ...document, ...current });
    setTyped(null);
    save.reset();
  };
  return (
    <Stack>
      <Standing document={document} />
      {newer !== null && (
        <Alert color="yellow" radius="lg" title={t("newer.title")} role="alert">
          <Stack gap="sm">
            <p className={card.dim}>{t("newer.what", { by: t(`by.${newer.made_by ?? "owner"}`) })}</p>
            <Values schema={schema} value={newer.body} />
            <Button size="md" onClick={() => keepMine(newer)}>
              {t("newer.mine")}
            </Button>
            <Button size="md" variant="default" onClick={() => takeNewer(newer)}>
              {t("newer.take")}
            </Button>
          </Stack>
        </Alert>
      )}
      {newer === null && <ProblemNote error={save.error} />}
      {document.possible ? (
        <form onSubmit={submit} noValidate>
          <section className={card.card}>
            <Stack gap="lg">
              <SchemaForm schema={schema} value={value} onChange={change} misfits={isTried ? wrong : []} />
              <Button type="submit" loading={save.isPending} disabled={newer !== null || typed === null}>
                {t("save")}
              </Button>
            </Stack>
          </section>
        </form>
      ) : (
        <section className={card.card}>
          <p className={card.dim}>
            {document.closed_message} <strong>{document.closed_cure}</strong>
          </p>
          <Values schema={schema} value={document.body} />
        </section>
      )}
    </Stack>
  );
}

/** How the setting stands with the car, and what was set in the car and did not count. */
function Standing({ document }: { document: Document }) {
  const { t } = useTexts("documents");
  return (
    <section className={card.card} data-document={document.kind} data-state={document.state} data-version={document.version}>
      <p role="status" className={card.dim}>
        {document.message} {document.cure !== "" && <strong>{document.cure}</strong>}
      </p>
      {document.lost !== null && (
        <p className={card.dim}>
          {t("lost")} {document.lost.message} {document.lost.cure}
        </p>
      )}
    </section>
  );
}

/** The body with a value for each member that the form has: a car's older software may have told fewer. */
function complete(schema: Schema, body: Json): Json {
  const all = begun(schema);
  return isObject(all) && isObject(body) ? { ...all, ...body } : body;
}
