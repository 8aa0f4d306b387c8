/* Written by make api. */
export interface paths {
    "/api/v1/vehicles/{vehicle_id}/documents": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Settings of the car
         * @description Everything that can be set for this car: what counts, how it stands with the car, and whether you could set it now.
         */
        get: operations["list_documents_api_v1_vehicles__vehicle_id__documents_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/vehicles/{vehicle_id}/documents/{kind}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One setting
         * @description One setting. Keep its `ETag`: a change has to name it.
         */
        get: operations["read_document_api_v1_vehicles__vehicle_id__documents__kind__get"];
        /**
         * Set it
         * @description Set it, and have the car told. The same again changes nothing and is answered alike.
         *
         *     A change on a version that is not the newest any more is not made: the answer has what counts under `current`.
         */
        put: operations["set_document_api_v1_vehicles__vehicle_id__documents__kind__put"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/vehicles/{vehicle_id}/documents/{kind}/schema": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What can be set
         * @description JSON Schema (2020-12) of the body, with a `title` and a `default` for each member: all that a form needs.
         */
        get: operations["read_schema_api_v1_vehicles__vehicle_id__documents__kind__schema_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * DocumentBody
         * @description A settings document, how it stands with the car, and whether you could set it now.
         */
        DocumentBody: {
            /**
             * Kind
             * @example charging_timers
             */
            kind: string;
            /**
             * Version
             * @description Grows with each change; 0: nothing was set.
             * @example 1796083200
             */
            version: number;
            /**
             * Body
             * @description What counts. Where nothing was set: what the car goes by then.
             */
            body: {
                [key: string]: unknown;
            };
            /** @description Who made this version: `owner`, `car` (its screen), `platform`; null where nothing was set. */
            made_by: components["schemas"]["Maker"] | null;
            /**
             * Made At
             * @description When; null where nothing was set.
             */
            made_at: string | null;
            /** @description `waiting`: the car has not answered yet; `in_force`: it goes by this version; `refused`: it does not, and goes on with what it had; `differs`: it goes by a change of its own, which it keeps to itself or which can't be taken. */
            state: components["schemas"]["ShownState"];
            /**
             * Since
             * @description Since when it stands so; null where nothing was set.
             */
            since: string | null;
            /**
             * Reason
             * @description Why it is refused or differs: a stable code; empty otherwise.
             * @example
             */
            reason: string;
            /**
             * Message
             * @description How it stands, in a sentence.
             * @example The car goes by it.
             */
            message: string;
            /**
             * Cure
             * @description What you can do about it; empty where there is nothing to do.
             * @example
             */
            cure: string;
            /** @description The newest change made in the car that did not count; null when there is none. */
            lost: components["schemas"]["LostBody"] | null;
            /**
             * Declaration
             * @description The declaration that lists it.
             * @example charging
             */
            declaration: string;
            /**
             * Label
             * @description What it is called.
             * @example Charging timers
             */
            label: string;
            /**
             * Set By
             * @description Who may change it.
             */
            set_by: components["schemas"]["Maker"][];
            /**
             * Max Bytes
             * @description The most that the body may have, written without spaces.
             * @example 8192
             */
            max_bytes: number;
            /**
             * Possible
             * @description Whether you could set it now.
             */
            possible: boolean;
            /**
             * Closed Reason
             * @description Why you could not: a stable code; empty otherwise.
             * @example
             */
            closed_reason: string;
            /**
             * Closed Message
             * @description The reason in a sentence; empty otherwise.
             * @example
             */
            closed_message: string;
            /**
             * Closed Cure
             * @description What you can do about that; empty where there is nothing to do.
             * @example
             */
            closed_cure: string;
        };
        /**
         * DocumentsBody
         * @description The settings documents of a car, by kind.
         */
        DocumentsBody: {
            /** Items */
            items: components["schemas"]["DocumentBody"][];
        };
        /**
         * LostBody
         * @description A change made in the car that did not count, since another one reached the platform first.
         */
        LostBody: {
            /**
             * Body
             * @description What had been set in the car.
             */
            body: {
                [key: string]: unknown;
            };
            /**
             * At
             * Format: date-time
             * @description When the platform heard of it.
             */
            at: string;
            /** Message */
            message: string;
            /** Cure */
            cure: string;
        };
        /**
         * Maker
         * @description Who made a version.
         * @enum {string}
         */
        Maker: "owner" | "car" | "platform";
        /**
         * ShownState
         * @description How a document stands, for its owner.
         * @enum {string}
         */
        ShownState: "unset" | "waiting" | "in_force" | "refused" | "differs";
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    list_documents_api_v1_vehicles__vehicle_id__documents_get: {
        parameters: {
            query?: never;
            header?: {
                /** @description Languages of texts you read, by preference; `en`, `fr`, `de` and `es` are spoken. */
                "accept-language"?: string;
                /** @description The `ETag` of what you have. */
                "If-None-Match"?: string;
            };
            path: {
                /** @description Opaque id of a car. */
                vehicle_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    /** @description Name of this request, for support. */
                    "Request-Id"?: string;
                    /** @description Version of the content, for If-None-Match. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DocumentsBody"];
                };
            };
        };
    };
    read_document_api_v1_vehicles__vehicle_id__documents__kind__get: {
        parameters: {
            query?: never;
            header?: {
                /** @description Languages of texts you read, by preference; `en`, `fr`, `de` and `es` are spoken. */
                "accept-language"?: string;
                /** @description The `ETag` of what you have. */
                "If-None-Match"?: string;
            };
            path: {
                /** @description Kind of a settings document. */
                kind: string;
                /** @description Opaque id of a car. */
                vehicle_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    /** @description Name of this request, for support. */
                    "Request-Id"?: string;
                    /** @description Version of the content, for If-None-Match. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DocumentBody"];
                };
            };
        };
    };
    set_document_api_v1_vehicles__vehicle_id__documents__kind__put: {
        parameters: {
            query?: never;
            header?: {
                /** @description The `ETag` of what you changed; that of a setting in which nothing was set begins with 0. */
                "if-match"?: string;
                /** @description Languages of texts you read, by preference; `en`, `fr`, `de` and `es` are spoken. */
                "accept-language"?: string;
            };
            path: {
                /** @description Kind of a settings document. */
                kind: string;
                /** @description Opaque id of a car. */
                vehicle_id: string;
            };
            cookie?: never;
        };
        /** @description The whole body, as its schema says; members with a default may be left out. */
        requestBody: {
            content: {
                "application/json": {
                    [key: string]: unknown;
                };
            };
        };
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    /** @description Name of this request, for support. */
                    "Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DocumentBody"];
                };
            };
        };
    };
    read_schema_api_v1_vehicles__vehicle_id__documents__kind__schema_get: {
        parameters: {
            query?: never;
            header?: {
                /** @description Languages of texts you read, by preference; `en`, `fr`, `de` and `es` are spoken. */
                "accept-language"?: string;
                /** @description The `ETag` of what you have. */
                "If-None-Match"?: string;
            };
            path: {
                /** @description Kind of a settings document. */
                kind: string;
                /** @description Opaque id of a car. */
                vehicle_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    /** @description Name of this request, for support. */
                    "Request-Id"?: string;
                    /** @description Version of the content, for If-None-Match. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        [key: string]: unknown;
                    };
                };
            };
        };
    };
}
