/* Written by make api. */
export interface paths {
    "/api/v1/vehicles/{vehicle_id}/digital-keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Phones of the car
         * @description The phones whose keys the car knows, and those that wait for its answer.
         */
        get: operations["list_phones_api_v1_vehicles__vehicle_id__digital_keys_get"];
        put?: never;
        /**
         * Offer a phone to the car
         * @description The car checks the proof with the secret that its screen shows, and says the outcome on the event stream.
         */
        post: operations["offer_phone_api_v1_vehicles__vehicle_id__digital_keys_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/vehicles/{vehicle_id}/digital-keys/{key_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Remove a phone
         * @description From now on the platform takes no command of it; the car hears of it at once, or before the next command.
         */
        delete: operations["remove_phone_api_v1_vehicles__vehicle_id__digital_keys__key_id__delete"];
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
         * KeyState
         * @description Where the key of a phone stands.
         * @enum {string}
         */
        KeyState: "requested" | "active" | "refused" | "removed" | "revoked";
        /**
         * PhoneBody
         * @description A phone that the car knows, or was asked to know.
         */
        PhoneBody: {
            /**
             * Key Id
             * @example 6f1c2b7a9d3e4f508a1b2c3d4e5f6071
             */
            key_id: string;
            /** Label */
            label: string;
            state: components["schemas"]["KeyState"];
            /**
             * Reason
             * @description Why the car did not take it: a stable code; empty otherwise.
             * @example wrong_mac
             */
            reason: string;
            /**
             * Requested At
             * Format: date-time
             */
            requested_at: string;
            /**
             * Changed At
             * Format: date-time
             * @description Since when it stands as it does.
             */
            changed_at: string;
        };
        /**
         * PhoneRequestBody
         * @description A phone's digital key, offered to the car whose screen shows the code.
         */
        PhoneRequestBody: {
            /**
             * Public Key
             * @description SubjectPublicKeyInfo (DER) of a P-256 key, base64url.
             */
            public_key: string;
            /**
             * Label
             * @description Your name for the phone.
             * @example Camille's phone
             */
            label: string;
            /**
             * Mac
             * @description HMAC-SHA256 by the secret on the car's screen over `openmarque.digital-key.v1`, a line feed, the 16 bytes of the vehicle_id, and the key; base64url.
             */
            mac: string;
        };
        /**
         * PhonesBody
         * @description The phones of a car, those that came to nothing lately included.
         */
        PhonesBody: {
            /** Items */
            items: components["schemas"]["PhoneBody"][];
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
    list_phones_api_v1_vehicles__vehicle_id__digital_keys_get: {
        parameters: {
            query?: never;
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
                    "application/json": components["schemas"]["PhonesBody"];
                };
            };
        };
    };
    offer_phone_api_v1_vehicles__vehicle_id__digital_keys_post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Opaque id of a car. */
                vehicle_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PhoneRequestBody"];
            };
        };
        responses: {
            /** @description Successful Response */
            202: {
                headers: {
                    /** @description Name of this request, for support. */
                    "Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PhoneBody"];
                };
            };
        };
    };
    remove_phone_api_v1_vehicles__vehicle_id__digital_keys__key_id__delete: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of a digital key. */
                key_id: string;
                /** @description Opaque id of a car. */
                vehicle_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Successful Response */
            204: {
                headers: {
                    /** @description Name of this request, for support. */
                    "Request-Id"?: string;
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
}
