/** What an owner was told about the cars: newest first, and how many are not read yet. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { client, told, type Schemas } from "../../kit/api";
import { useTexts } from "../../kit/i18n";
import { usePages } from "../../kit/pages";

export type Notice = Schemas["NoticeBody"];

const LOOK_EVERY_MS = 30_000;

/** Pages of notices, in the person's language. */
export function useNotices() {
  const { language } = useTexts("notices");
  return usePages(["notices", "list", language], (from) => told(client.GET("/api/v1/notices", { params: { query: { limit: 50, ...from } } })));
}

/** How many are not read; 0 while that is not known. */
export function useUnread(): number {
  const { data } = useQuery({
    queryKey: ["notices", "unread"],
    queryFn: async () => (await told(client.GET("/api/v1/notices", { params: { query: { limit: 1, unread: true } } }))).unread,
    refetchInterval: LOOK_EVERY_MS,
  });
  return data ?? 0;
}

/** A function that says that everything told until an instant was read. */
export function useRead() {
  const known = useQueryClient();
  return useMutation({
    mutationFn: (until: string) => told(client.PUT("/api/v1/notices/read", { body: { until } })),
    onSuccess: () => known.invalidateQueries({ queryKey: ["notices", "unread"] }),
  });
}

/** The newest notices of some kinds about a car. */
export function useNoticesOf(vehicleId: string, kinds: readonly string[]): readonly Notice[] {
  const { language } = useTexts("notices");
  const { data } = useQuery({
    queryKey: ["notices", "newest", language],
    queryFn: () => told(client.GET("/api/v1/notices", { params: { query: { limit: 100 } } })),
    enabled: kinds.length > 0,
  });
  return (data?.items ?? []).filter((notice) => notice.vehicle_id === vehicleId && kinds.includes(notice.kind));
}
