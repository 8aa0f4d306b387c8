/** Lists that the platform gives by pages, newest first. */
import { Button, Stack, Text } from "@mantine/core";
import { useInfiniteQuery, type InfiniteData, type UseInfiniteQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Loading, ProblemNote } from "./parts";

interface OnePage {
  items: readonly unknown[];
  next: string | null;
}

/** Pages of a list, the first at once and one more with each `fetchNextPage`. `fetch` gets the cursor as the address takes it. */
export function usePages<P extends OnePage>(queryKey: readonly string[], fetch: (from: { cursor?: string }) => Promise<P>) {
  return useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam }) => fetch(pageParam === "" ? {} : { cursor: pageParam }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next ?? undefined,
    // Whoever opens a list wants the newest.
    refetchOnMount: "always",
  });
}

interface PagesProps<P extends OnePage> {
  list: UseInfiniteQueryResult<InfiniteData<P>>;
  /** Said when there is nothing, and on the button for the next page. */
  none: string;
  more: string;
  /** All that was fetched. */
  children: (items: readonly P["items"][number][]) => ReactNode;
}

/** Shows what is there of a list, and how to get more of it; where it can't be fetched, why. */
export function Pages<P extends OnePage>({ list, none, more, children }: PagesProps<P>) {
  const { data, error, hasNextPage } = list;
  if (data === undefined) {
    return error === null ? <Loading /> : <ProblemNote error={error} onRetry={() => void list.refetch()} />;
  }
  const items = data.pages.flatMap((page): P["items"][number][] => [...page.items]);
  return (
    <Stack>
      {items.length === 0 ? <Text c="dimmed">{none}</Text> : children(items)}
      {list.isFetchNextPageError && <ProblemNote error={error} />}
      {hasNextPage && (
        <Button variant="default" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          {more}
        </Button>
      )}
    </Stack>
  );
}
