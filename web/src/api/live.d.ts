/* Written by make api. */
export interface paths {
    "/api/v1/vehicles/{vehicle_id}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Live changes of a car
         * @description Server-sent events: `snapshot` holds every part of the car's state, then each change comes as an event named after its part.
         *
         *     An event's id names the state that you have with it. Come back with `Last-Event-ID`, and the snapshot is sent only if
         *     something has changed meanwhile. `end` says that the stream is over for good (`code` as in a problem), or for a restart,
         *     or because the broker is away (`shutdown`, `broker-down`): come back then.
         */
        get: operations["watch_vehicle_api_v1_vehicles__vehicle_id__events_get"];
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
    schemas: never;
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    watch_vehicle_api_v1_vehicles__vehicle_id__events_get: {
        parameters: {
            query?: never;
            header?: {
                /** @description Id of the last event that you have. */
                "last-event-id"?: string;
            };
            path: {
                /** @description Opaque id of a car. */
                vehicle_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Events, until one of the two sides ends it. */
            200: {
                headers: {
                    /** @description Name of this request, for support. */
                    "Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example retry: 3000
                     *
                     *     id: 5f1d7a84db00d2fce00b31a7fc73224f
                     *     event: snapshot
                     *     data: {"status":{"Vehicle.Speed":{"value":42.0,"unit":"km/h","car_time":"2026-11-22T08:00:00Z","received_at":"2026-11-22T08:00:01Z"}}}
                     *
                     *     id: c20ad4d76fe97759aa27a0c99bff6710
                     *     event: status
                     *     data: {"Vehicle.Speed":{"value":43.5,"unit":"km/h","car_time":"2026-11-22T08:00:02Z","received_at":"2026-11-22T08:00:03Z"}}
                     */
                    "text/event-stream": string;
                };
            };
        };
    };
}
