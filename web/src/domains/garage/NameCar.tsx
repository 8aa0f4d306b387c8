import { Button, Card, Stack, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { Link, useLocation, useParams } from "wouter";
import { client, told, type Schemas } from "../../kit/api";
import { useTexts } from "../../kit/i18n";
import { Loading, Page, ProblemNote } from "../../kit/parts";
import { useCar } from "./cars";

/** The platform takes this many characters (`domains/garage/rules.py`). */
const NAME_LENGTH = 40;

/** What the owner calls the car, so that two of a model can be told apart. */
export default function NameCar() {
  const { vehicleId = "" } = useParams();
  const { t } = useTexts("garage");
  const car = useCar(vehicleId);
  return (
    <Page title={t("name.title")} back={`/cars/${vehicleId}`}>
      {car.data !== undefined ? <NameForm car={car.data} /> : car.isError ? <ProblemNote error={car.error} onRetry={() => void car.refetch()} /> : <Loading rows={1} height={240} />}
    </Page>
  );
}

function NameForm({ car }: { car: Schemas["VehicleDetailBody"] }) {
  const { t } = useTexts("garage");
  const [, navigate] = useLocation();
  const known = useQueryClient();
  const [name, setName] = useState(car.name ?? "");
  const page = `/cars/${car.vehicle_id}`;
  const rename = useMutation({
    mutationFn: () => told(client.PATCH("/api/v1/vehicles/{vehicle_id}", { params: { path: { vehicle_id: car.vehicle_id } }, body: { name: name.trim() || null } })),
    onSuccess: async () => {
      await known.invalidateQueries({ queryKey: ["vehicles"] });
      navigate(page, { replace: true });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    rename.mutate();
  };
  return (
    <Card component="form" onSubmit={submit} withBorder>
      <Stack>
        <TextInput
          label={t("name.label")}
          description={t("name.hint", { model: car.model.name })}
          placeholder={car.model.name}
          autoComplete="off"
          maxLength={NAME_LENGTH}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <ProblemNote error={rename.error} />
        <Button type="submit" loading={rename.isPending}>
          {t("name.save")}
        </Button>
        <Button variant="default" component={Link} href={page}>
          {t("name.keep")}
        </Button>
      </Stack>
    </Card>
  );
}
