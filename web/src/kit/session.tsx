import { createContext, useCallback, useContext, useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { useQuery } from "@tanstack/react-query";
import { client, onSignedOut, told } from "./api";
import { dropQueries, forgetQueries, keepAnew } from "./query";
import { beginSignIn, currentSignIn, endSignIn } from "./signin";

interface Session {
  /** Whether somebody signed in on this device and has not been told otherwise. The cookie itself is out of reach of scripts. */
  signedIn: boolean;
  signedInNow: () => void;
  signOut: () => Promise<void>;
}

const SessionContext = createContext<Session | null>(null);

export function SessionProvider({ children }: { children: ReactNode }) {
  const [signIn, setSignIn] = useState(currentSignIn);
  const ours = useRef(signIn);
  const become = useCallback(() => {
    ours.current = currentSignIn();
    setSignIn(ours.current);
  }, []);
  useEffect(
    () =>
      onSignedOut(() => {
        endSignIn();
        become();
        void forgetQueries();
      }),
    [become],
  );
  useEffect(() => {
    // Another window signed out, or signed somebody in: this one begins anew. A frozen one may miss the event.
    const look = () => {
      if (currentSignIn() !== ours.current) {
        dropQueries();
        window.location.reload();
      }
    };
    addEventListener("storage", look);
    document.addEventListener("visibilitychange", look);
    return () => {
      removeEventListener("storage", look);
      document.removeEventListener("visibilitychange", look);
    };
  }, []);
  const signedInNow = useCallback(() => {
    beginSignIn();
    keepAnew();
    become();
  }, [become]);
  const signOut = useCallback(async () => {
    await told(client.DELETE("/api/v1/sessions/current"));
    endSignIn();
    await forgetQueries();
    become();
  }, [become]);
  const signedIn = signIn !== "";
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
