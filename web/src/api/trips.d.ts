/* Written by make api. */
export interface paths {
    "/api/v1/vehicles/{vehicle_id}/trips": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Trips
         * @description Trips of 300 m and more, newest first. They stay as long as the service declares, also after it has been closed.
         */
        get: operations["list_trips_api_v1_vehicles__vehicle_id__trips_get"];
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
         * Page[TripBody]
         * @description One page of a list.
         */
        Page_TripBody_: {
            /**
             * Items
             * @description The entries of this page, in the order of the list.
             */
            items: components["schemas"]["TripBody"][];
            /**
             * Next
             * @description Cursor of the next page; null when this is the last.
             */
            next: string | null;
        };
        /**
         * PlaceBody
         * @description A place, WGS 84.
         */
        PlaceBody: {
            /**
             * Latitude
             * @description Degrees.
             * @example 34.0181
             */
            latitude: number;
            /**
             * Longitude
             * @description Degrees.
             * @example -6.8365
             */
            longitude: number;
        };
        /**
         * TripBody
         * @description A trip, from ignition on to ignition off, as the car measured it.
         */
        TripBody: {
            /**
             * Started At
             * Format: date-time
             */
            started_at: string;
            /**
             * Ended At
             * Format: date-time
             */
            ended_at: string;
            /**
             * Duration S
             * @description Ignition on to off.
             */
            duration_s: number;
            /**
             * Travel S
             * @description While the wheels turned.
             */
            travel_s: number;
            /**
             * Gap S
             * @description Time in which nothing was measured.
             */
            gap_s: number;
            /**
             * Distance M
             * @description By the wheels.
             */
            distance_m: number;
            /**
             * Mean Speed Kmh
             * @description Over the duration.
             */
            mean_speed_kmh: number;
            /**
             * Soc Start Percent
             * @description State of charge; null without a traction battery.
             */
            soc_start_percent: number | null;
            /** Soc End Percent */
            soc_end_percent: number | null;
            /**
             * Consumption Kwh 100Km
             * @description Null up to 2 km, and where it can't be known.
             */
            consumption_kwh_100km: number | null;
            /** @description Null where the privacy level kept the place in the car. */
            start: components["schemas"]["PlaceBody"] | null;
            end: components["schemas"]["PlaceBody"] | null;
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
    list_trips_api_v1_vehicles__vehicle_id__trips_get: {
        parameters: {
            query?: {
                /** @description How many entries at most. */
                limit?: number;
                /** @description `next` of the page before, unchanged; none for the first page. */
                cursor?: string | null;
            };
            header?: {
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
                    "application/json": components["schemas"]["Page_TripBody_"];
                };
            };
        };
    };
}
