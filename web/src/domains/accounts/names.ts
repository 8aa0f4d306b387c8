import { useQuery } from "@tanstack/react-query";
import { client, told } from "../../kit/api";

/** What there is to know of the brand before anybody is signed in. */
export function useBrand() {
  return useQuery({ queryKey: ["brand"], queryFn: () => told(client.GET("/api/v1/brand")), staleTime: Infinity });
}

export type Named = { email: string } | { user_name: string } | { mobile: string };

/** What somebody types to say who he is, by its form: neither a user name nor a number holds an @, and no user name begins like a number. REQ ACC-2. */
export function named(text: string): Named {
  const written = text.trim();
  if (written.includes("@")) return { email: written };
  return /^[+\d(]/.test(written) ? { mobile: written } : { user_name: written };
}

/** To sign in with: a number opens nothing, so whatever is no user name is sent as an address, and refused as one that is unknown. */
export function signingIn(text: string, userNames: boolean): { email: string } | { user_name: string } {
  const said = named(text);
  return "user_name" in said && userNames ? said : { email: text.trim() };
}
