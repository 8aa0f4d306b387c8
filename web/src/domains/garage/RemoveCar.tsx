import { Button, Card, List, Stack, Text, Title } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useLocation, useParams } from "wouter";
import { client, told } from "../../kit/api";
import { date } from "../../kit/format";
import { useTexts } from "../../kit/i18n";
import { Loading, Page, ProblemNote } from "../../kit/parts";
import { forgetCar } from "../../kit/query";
import { nameOf, useCar } from "./cars";

/** Removing a car from the garage: what it means is said before it is done. REQ ACC-4. */
export default function RemoveCar() {
  const { vehicleId } = useParams<{ vehicleId: string }>();
  const { t, language } = useTexts("garage");
  const [, navigate] = useLocation();
  const known = useQueryClient();
  const path = { vehicle_id: vehicleId };
  const car = useCar(vehicleId).data;
  const name = car === undefined ? "…" : nameOf(car);
  const removal = useQuery({
    queryKey: ["removal", vehicleId, language],
    queryFn: () => told(client.GET("/api/v1/vehicles/{vehicle_id}/removal", { params: { path } })),
  });
  const remove = useMutation({
    mutationFn: () => told(client.DELETE("/api/v1/vehicles/{vehicle_id}", { params: { path } })),
    onSuccess: async () => {
      forgetCar(vehicleId);
      await known.invalidateQueries({ queryKey: ["vehicles"] });
      known.removeQueries({ queryKey: ["removal", vehicleId] });
      // The way back leads to what is still there.
      navigate("/", { replace: true });
    },
  });
  return (
    <Page title={t("remove.title", { car: name })} under={car !== undefined && car.name !== null ? car.model.name : undefined} back={`/cars/${vehicleId}`}>
      {removal.data === undefined ? removal.isError ? <ProblemNote error={removal.error} onRetry={() => void removal.refetch()} /> : <Loading /> : (
        <Stack>
          <Text fw={600} size="lg">
            {removal.data.question}
          </Text>
          <Card withBorder>
            <List spacing="sm">
              {removal.data.consequences.map((line) => (
                <List.Item key={line}>{line}</List.Item>
              ))}
            </List>
          </Card>
          {removal.data.contracts.length > 0 && (
            <Card withBorder>
              <Title order={2} size="h4" mb="xs">
                {t("remove.contracts")}
              </Title>
              {removal.data.contracts.map((contract) => (
                <Text key={contract.plan.id + contract.ends_at}>
                  {contract.plan.name}, {t("remove.until", { date: date(contract.ends_at, language) })}
                </Text>
              ))}
            </Card>
          )}
          <ProblemNote error={remove.error} />
          <Button color="red" loading={remove.isPending} onClick={() => remove.mutate()}>
            {t("remove.confirm")}
          </Button>
          <Button variant="default" component={Link} href={`/cars/${vehicleId}`}>
            {t("remove.keep")}
          </Button>
        </Stack>
      )}
    </Page>
  );
}
