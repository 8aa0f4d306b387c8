import { createContext, useCallback, useContext, useEffect, useMemo, useState, type ReactNode } from "react";
import { useQuery } from "@tanstack/react-query";
import { client, onSignedOut, told } from "./api";
import { forgetQueries, queries } from "./query";

const FLAG = "om.signed_in";

interface Session {
  /** Whether somebody signed in on this device and has not been told otherwise. The cookie itself is out of reach of scripts. */
  signedIn: boolean;
  signedInNow: () => void;
  signOut: () => Promise<void>;
}

const SessionContext = createContext<Session | null>(null);

function remembered(): boolean {
  try {
    return localStorage.getItem(FLAG) === "1";
  } catch {
    return false;
  }
}

function remember(signedIn: boolean): void {
  try {
    if (signedIn) {
      localStorage.setItem(FLAG, "1");
    } else {
      localStorage.removeItem(FLAG);
    }
  } catch {
    // A browser that keeps nothing asks again at its next start.
  }
}

export function SessionProvider({ children }: { children: ReactNode }) {
  const [signedIn, setSignedIn] = useState(remembered);
  useEffect(
    () =>
      onSignedOut(() => {
        remember(false);
        setSignedIn(false);
        void forgetQueries();
      }),
    [],
  );
  const signedInNow = useCallback(() => {
    queries.clear();
    remember(true);
    setSignedIn(true);
  }, []);
  const signOut = useCallback(async () => {
    await told(client.DELETE("/api/v1/sessions/current"));
    remember(false);
    await forgetQueries();
    setSignedIn(false);
  }, []);
  const session = useMemo(() => ({ signedIn, signedInNow, signOut }), [signedIn, signedInNow, signOut]);
  return <SessionContext.Provider value={session}>{children}</SessionContext.Provider>;
}

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === null) {
    throw new Error("useSession is for parts inside SessionProvider");
  }
  return session;
}

/** The account that is signed in. */
export function useAccount() {
  return useQuery({ queryKey: ["account"], queryFn: () => told(client.GET("/api/v1/account")) });
}
