/* Written by make api. */
export interface paths {
    "/api/v1/maps": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Which map there is
         * @description The region that was imported last. Nobody needs to be signed in: it says nothing of any car or owner.
         */
        get: operations["read_maps_api_v1_maps_get"];
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
         * MapsBody
         * @description What maps there are.
         */
        MapsBody: {
            /** @description Null until the operator has imported one; the app then draws a plain world. */
            region: components["schemas"]["RegionBody"] | null;
        };
        /**
         * RegionBody
         * @description The region that the app can draw.
         */
        RegionBody: {
            /**
             * Name
             * @example andorra
             */
            name: string;
            /**
             * Url
             * @description Address of its PMTiles archive, to be read in ranges.
             * @example /maps/andorra.pmtiles
             */
            url: string;
            /**
             * Bbox
             * @description West, south, east, north in degrees.
             */
            bbox: [
                number,
                number,
                number,
                number
            ];
            /**
             * Attribution
             * @description To be shown wherever the map is.
             * @example © OpenStreetMap contributors
             */
            attribution: string;
            /**
             * Imported At
             * Format: date-time
             */
            imported_at: string;
            /** Size Bytes */
            size_bytes: number;
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
    read_maps_api_v1_maps_get: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            200: {
                headers: {
                    /** @description Name of this request, for support. */
                    "Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MapsBody"];
                };
            };
        };
    };
}
