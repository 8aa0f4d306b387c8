/* Written by make api. */
export interface paths {
    "/api/v1/vehicles/{vehicle_id}/refusals": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What was not stored
         * @description What the car sent although it may not, and what could not be believed: counted, never kept.
         */
        get: operations["list_refusals_api_v1_vehicles__vehicle_id__refusals_get"];
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
         * Page[RefusalBody]
         * @description One page of a list.
         */
        Page_RefusalBody_: {
            /**
             * Items
             * @description The entries of this page, in the order of the list.
             */
            items: components["schemas"]["RefusalBody"][];
            /**
             * Next
             * @description Cursor of the next page; null when this is the last.
             */
            next: string | null;
        };
        /**
         * RefusalBody
         * @description Something that the car sent and the platform did not store.
         */
        RefusalBody: {
            /**
             * Reason
             * @description Why: a stable code.
             * @example level_too_low
             */
            reason: string;
            /**
             * What
             * @description The type of message or VSS path; ? for what has no name known here.
             * @example Vehicle.CurrentLocation.Latitude
             */
            what: string;
            /**
             * Message
             * @description Why, in a sentence.
             * @example The car's privacy level does not allow it.
             */
            message: string;
            /**
             * Count
             * @description How often since the car is yours.
             */
            count: number;
            /**
             * Last At
             * Format: date-time
             */
            last_at: string;
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
    list_refusals_api_v1_vehicles__vehicle_id__refusals_get: {
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
                    "application/json": components["schemas"]["Page_RefusalBody_"];
                };
            };
        };
    };
}
