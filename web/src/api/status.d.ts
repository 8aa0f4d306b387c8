/* Written by make api. */
export interface paths {
    "/api/v1/vehicles/{vehicle_id}/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How the car is
         * @description The newest value of each signal with its age. The ``ETag`` changes with values, not with ages.
         */
        get: operations["read_status_api_v1_vehicles__vehicle_id__status_get"];
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
        /**
         * SignalBody
         * @description The newest value of a signal, with its age.
         */
        SignalBody: {
            /**
             * Value
             * @description In the unit beside it.
             * @example 81.5
             */
            value: boolean | number | string;
            /**
             * Unit
             * @description Unit as in VSS; empty for a value without one.
             * @example percent
             */
            unit: string;
            /**
             * Car Time
             * @description When it was so, by the car's clock; null when that was never set.
             */
            car_time: string | null;
            /**
             * Received At
             * Format: date-time
             * @description When the platform received it.
             */
            received_at: string;
            /**
             * Age S
             * @description Seconds since it was so, and never less than since it was received: a car's clock may be ahead.
             * @example 12.3
             */
            age_s: number;
        };
        /**
         * StatusBody
         * @description How the car is, as far as it said so. The new overwrites the old; there is no history.
         */
        StatusBody: {
            /**
             * Signals
             * @description By VSS path. Signals of a service that is closed to you are left out; `services` says why.
             */
            signals: {
                [key: string]: components["schemas"]["SignalBody"];
            };
            /** Services */
            services: components["schemas"]["ServiceBody"][];
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
    read_status_api_v1_vehicles__vehicle_id__status_get: {
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
                    "application/json": components["schemas"]["StatusBody"];
                };
            };
        };
    };
}
