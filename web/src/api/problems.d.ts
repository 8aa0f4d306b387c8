/* Written by make api. */
export type paths = Record<string, never>;
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * InvalidMember
         * @description One part of a request that is not as it should be.
         */
        InvalidMember: {
            /**
             * In
             * @description Where it stands.
             * @example query
             */
            in: string;
            /**
             * Name
             * @description Its name.
             * @example limit
             */
            name: string;
            /**
             * Problem
             * @description What is wrong with it.
             * @example Input should be less than or equal to 100
             */
            problem: string;
        };
        /**
         * Problem
         * @description Problem details (RFC 9457), the form of every error of this API.
         */
        Problem: {
            /**
             * Type
             * @description Names the kind of problem; an address that explains it.
             */
            type: string;
            /**
             * Title
             * @description The kind of problem in one sentence, in a language of `Accept-Language`.
             */
            title: string;
            /**
             * Status
             * @description The HTTP status, once more.
             */
            status: number;
            /**
             * Detail
             * @description What is particular to this occurrence; in English answers only.
             * @default null
             */
            detail: string | null;
            /**
             * Instance
             * @description Names this occurrence; also in the platform's log.
             */
            instance: string;
            /**
             * Code
             * @description Stable identifier of the kind of problem, for programs.
             */
            code: string;
            /**
             * Retryable
             * @description Whether the same request may succeed later.
             */
            retryable: boolean;
            /**
             * Cure
             * @description What you can do about it.
             * @default null
             */
            cure: string | null;
            /**
             * Tries Left
             * @description How often a code may still be tried before it is locked.
             * @default null
             */
            tries_left: number | null;
            /**
             * Current
             * @description What counts now, where a change was made on something older.
             * @default null
             */
            current: {
                [key: string]: unknown;
            } | null;
            /**
             * Errors
             * @description Each part of the request that is not as it should be.
             * @default null
             */
            errors: components["schemas"]["InvalidMember"][] | null;
        };
        /**
         * ReadyBody
         * @description Whether the process can serve, and what it lacks.
         */
        ReadyBody: {
            /** Ready */
            ready: boolean;
            /**
             * Missing
             * @description database, migrations (run `openmarque migrate`), broker.
             * @example []
             */
            missing: string[];
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
