/* Written by make api. */
export interface paths {
    "/api/v1/vehicles/{vehicle_id}/history/{event_kind}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What happened
         * @description What a service keeps of what happened to the car since it is yours, newest first. `histories` of a service names its kinds.
         */
        get: operations["read_history_api_v1_vehicles__vehicle_id__history__event_kind__get"];
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
         * HistoryBody
         * @description One page of a history.
         */
        HistoryBody: {
            /**
             * Kind
             * @example limit_passed
             */
            kind: string;
            /**
             * Label
             * @description What it is called.
             * @example Limit passed
             */
            label: string;
            /** @description How the service stands that keeps it. */
            service: components["schemas"]["ServiceBody"];
            /**
             * Kept Days
             * @description For how many days from its receipt an event is kept; null: as long as the car is yours.
             * @example 365
             */
            kept_days: number | null;
            /**
             * Fields
             * @description What is shown of each event. What belongs to a service that is closed to you is left out.
             */
            fields: components["schemas"]["HistoryFieldBody"][];
            /**
             * Items
             * @description Newest first.
             */
            items: components["schemas"]["HistoryEventBody"][];
            /**
             * Next
             * @description Cursor of the next page; null when this is the last.
             */
            next: string | null;
        };
        /**
         * HistoryEventBody
         * @description Something that happened.
         */
        HistoryEventBody: {
            /**
             * At
             * @description When, by the car's clock; null where that is no instant.
             */
            at: string | null;
            /**
             * Received At
             * Format: date-time
             * @description When the platform received it.
             */
            received_at: string;
            /**
             * Values
             * @description By the name of the field; instants as in RFC 3339.
             * @example {
             *       "is_low": true
             *     }
             */
            values: {
                [key: string]: boolean | number | string | null;
            };
        };
        /**
         * HistoryFieldBody
         * @description Something that is known of each event.
         */
        HistoryFieldBody: {
            /**
             * Name
             * @example is_low
             */
            name: string;
            /**
             * Label
             * @description What it is called.
             * @example Pressure low
             */
            label: string;
            /**
             * Kind
             * @enum {string}
             */
            kind: "boolean" | "number" | "text" | "choice" | "instant";
            /**
             * Unit
             * @description Of a number; empty where it has none.
             * @example km/h
             */
            unit: string;
            /**
             * Choices
             * @description Of a choice: what each value is called.
             * @example {
             *       "front": "At the front"
             *     }
             */
            choices: {
                [key: string]: string;
            };
        };
        /**
         * ServiceBody
         * @description One declared service, or separately switchable part of one, as it stands for this car now.
         */
        ServiceBody: {
            /**
             * Declaration
             * @description Stable name of the declaration.
             * @example car_finder
             */
            declaration: string;
            /**
             * Purpose
             * @description What it is for.
             * @example Show you on a map where your car is.
             */
            purpose: string;
            /**
             * Needs Level
             * @description Lowest privacy level to choose in this car for it; where none suffices (reason `ceiling`), the one that it needs.
             * @example position
             */
            needs_level: string;
            /**
             * Open
             * @description Whether it runs now.
             */
            open: boolean;
            /**
             * Reason
             * @description Why it does not: a stable code.
             * @example level_too_low
             */
            reason: string | null;
            /**
             * Message
             * @description The same in a sentence.
             * @example The car's privacy level does not allow it.
             */
            message: string | null;
            /**
             * Cure
             * @description What you can do about it.
             * @example Change the privacy level in the car.
             */
            cure: string | null;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    read_history_api_v1_vehicles__vehicle_id__history__event_kind__get: {
        parameters: {
            query?: {
                /** @description How many entries at most. */
                limit?: number;
                /** @description `next` of the page before, unchanged; none for the first page. */
                cursor?: string | null;
            };
            header?: {
                /** @description Languages of texts you read, by preference; `en`, `fr`, `de` and `es` are spoken. */
                "accept-language"?: string;
                /** @description The `ETag` of what you have. */
                "If-None-Match"?: string;
            };
            path: {
                /** @description Kind of a history. */
                event_kind: string;
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
                    "application/json": components["schemas"]["HistoryBody"];
                };
            };
        };
    };
}
