/* Written by make api. */
export interface paths {
    "/api/v1/vehicles/{vehicle_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One car
         * @description The car, its privacy level with who set it and when, its policy, and each service: open, or closed with reason and cure.
         */
        get: operations["read_vehicle_api_v1_vehicles__vehicle_id__get"];
        put?: never;
        post?: never;
        /**
         * Remove a car
         * @description The car leaves your garage at once; `removal` says what that means. Adding it again takes a new code.
         */
        delete: operations["remove_vehicle_api_v1_vehicles__vehicle_id__delete"];
        options?: never;
        head?: never;
        /**
         * Name a car
         * @description Give the car a name of your own. Nobody else sees it; it goes with your time with the car.
         */
        patch: operations["change_vehicle_api_v1_vehicles__vehicle_id__patch"];
        trace?: never;
    };
    "/api/v1/vehicles/{vehicle_id}/services": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What its services have
         * @description Each service of this car: what it is called and for, whether it runs now, and the signals, commands, notices and settings it has.
         */
        get: operations["list_services_api_v1_vehicles__vehicle_id__services_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/vehicles": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Your cars
         * @description The cars that you may see, in a stable order.
         */
        get: operations["list_vehicles_api_v1_vehicles_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/vehicles/eligibility": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Can this car be connected?
         * @description Whether the car with this number can be connected in your country, and why not.
         */
        post: operations["check_eligibility_api_v1_vehicles_eligibility_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/pairings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Your pairing codes
         * @description Codes that wait, and the outcome of others within the last 30 days; the newest first.
         */
        get: operations["list_pairings_api_v1_pairings_get"];
        put?: never;
        /**
         * Add a car
         * @description A code for this car, good for a year. Asking again gives a new code and makes the old one void.
         */
        post: operations["create_pairing_api_v1_pairings_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/pairings/{pairing_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One pairing code
         * @description The code and its outcome; poll it while the code is typed in the car.
         */
        get: operations["read_pairing_api_v1_pairings__pairing_id__get"];
        put?: never;
        post?: never;
        /**
         * Take a pairing code back
         * @description The code is void at once. A car that is paired already stays in your garage.
         */
        delete: operations["delete_pairing_api_v1_pairings__pairing_id__delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/vehicles/{vehicle_id}/removal": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What removing a car means
         * @description What happens when you remove the car, and the contracts that go on; to be shown before it is confirmed.
         */
        get: operations["read_removal_api_v1_vehicles__vehicle_id__removal_get"];
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
         * DescribedServiceBody
         * @description One declared service: what it is called and for, how it stands now, and what it has to show and to do.
         */
        DescribedServiceBody: {
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
            /**
             * Label
             * @description What it is called.
             * @example Place of the car
             */
            label: string;
            /**
             * Signals
             * @description Signals whose newest values it shows.
             */
            signals: components["schemas"]["SignalLabelBody"][];
            /**
             * Commands
             * @description Its commands, described by `GET …/commands`.
             * @example [
             *       "refresh"
             *     ]
             */
            commands: string[];
            /**
             * Notices
             * @description Kinds of the notices that it sends.
             * @example [
             *       "charge_ended"
             *     ]
             */
            notices: string[];
            /**
             * Documents
             * @description What can be set, described by `GET …/documents`.
             */
            documents: components["schemas"]["KindBody"][];
            /**
             * Histories
             * @description What happened and is kept, listed by `GET …/history/{event_kind}`.
             */
            histories: components["schemas"]["HistoryKindBody"][];
            /** Recipients */
            recipients: components["schemas"]["RecipientBody"][];
        };
        /**
         * EligibilityBody
         * @description Whether a car can be connected. The answer follows from the number alone; nobody was asked whether such a car exists.
         */
        EligibilityBody: {
            /** Eligible */
            eligible: boolean;
            /** @description What the number says; null where it is of no model of the brand. */
            model: components["schemas"]["ModelBody"] | null;
            /**
             * Model Year
             * @example 2024
             */
            model_year: number | null;
            /**
             * Equipment
             * @description What the number says of the equipment.
             * @example {
             *       "head_unit": "navigation"
             *     }
             */
            equipment: {
                [key: string]: string;
            };
            /**
             * Reason
             * @description Why not: vin_invalid, other_brand, unknown_model, year_unknown, built_too_early, no_telematics, equipment_missing, country_unknown or country_not_served.
             * @example country_not_served
             */
            reason: string | null;
            /**
             * Message
             * @description The answer in a sentence.
             */
            message: string;
            /**
             * Cure
             * @description What you can do next.
             */
            cure: string;
        };
        /**
         * HistoryKindBody
         * @description Something that happened to the car and is kept with its time.
         */
        HistoryKindBody: {
            /**
             * Kind
             * @description For `…/history/{event_kind}`.
             * @example limit_passed
             */
            kind: string;
            /**
             * Label
             * @description What it is called.
             * @example Limit passed
             */
            label: string;
        };
        /**
         * KindBody
         * @description A settings document that the service has.
         */
        KindBody: {
            /**
             * Kind
             * @description For `…/documents/{kind}`.
             * @example charging_timers
             */
            kind: string;
            /**
             * Label
             * @description What it is called.
             * @example Charging timers
             */
            label: string;
            /**
             * Yours
             * @description Whether you may change it, in this app or another.
             */
            yours: boolean;
        };
        /**
         * LevelSetBody
         * @description Who set the privacy level, and when.
         */
        LevelSetBody: {
            /**
             * By
             * @description Who, as the car said it.
             * @example head unit
             */
            by: string;
            /**
             * At
             * Format: date-time
             * @description When, by the car's clock.
             */
            at: string;
            /**
             * Received At
             * Format: date-time
             * @description When the platform heard of it.
             */
            received_at: string;
        };
        /**
         * ModelBody
         * @description A model of the brand.
         */
        ModelBody: {
            /**
             * Id
             * @example brise
             */
            id: string;
            /**
             * Name
             * @example Brise électrique
             */
            name: string;
        };
        /**
         * NamedBody
         * @description A thing with an id and a name.
         */
        NamedBody: {
            /**
             * Id
             * @example brise
             */
            id: string;
            /**
             * Name
             * @example Brise électrique
             */
            name: string;
        };
        /**
         * Page[PairingBody]
         * @description One page of a list.
         */
        Page_PairingBody_: {
            /**
             * Items
             * @description The entries of this page, in the order of the list.
             */
            items: components["schemas"]["PairingBody"][];
            /**
             * Next
             * @description Cursor of the next page; null when this is the last.
             */
            next: string | null;
        };
        /**
         * Page[VehicleBody]
         * @description One page of a list.
         */
        Page_VehicleBody_: {
            /**
             * Items
             * @description The entries of this page, in the order of the list.
             */
            items: components["schemas"]["VehicleBody"][];
            /**
             * Next
             * @description Cursor of the next page; null when this is the last.
             */
            next: string | null;
        };
        /**
         * PairingBody
         * @description A code that brings a car into your garage once it is typed on the car's screen.
         */
        PairingBody: {
            /**
             * Pairing Id
             * @example 0b5e2f7a9d3e4f508a1b2c3d4e5f6071
             */
            pairing_id: string;
            /**
             * State
             * @description waiting, paired, void or expired.
             * @example waiting
             */
            state: string;
            /**
             * Code
             * @description 8 digits to type in the car; null when the code is no good any more.
             * @example 04251387
             */
            code: string | null;
            /**
             * Vin
             * @description The number as you typed it; null when the code is no good any more.
             * @example VF1AABVY0MA000042
             */
            vin: string | null;
            model: components["schemas"]["ModelBody"];
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /**
             * Expires At
             * Format: date-time
             * @description Until when the code can be typed.
             */
            expires_at: string;
            /**
             * Vehicle Id
             * @description The car, once it is paired.
             * @example 0b5e2f7a9d3e4f508a1b2c3d4e5f6071
             */
            vehicle_id: string | null;
            /**
             * Trial Ends At
             * @description Until when the free trial of the paired car lasts, or lasted: a car has it once in its life.
             */
            trial_ends_at: string | null;
        };
        /**
         * PolicyBody
         * @description The rules that the car obeys, as issued by the platform and as proved by the car.
         */
        PolicyBody: {
            /**
             * Version
             * @description Version in force on the platform.
             */
            version: number;
            /**
             * Accepted Version
             * @description Newest version that the car proved to hold; 0: none yet.
             */
            accepted_version: number;
            /**
             * Issued At
             * Format: date-time
             */
            issued_at: string;
            /**
             * Valid Until
             * Format: date-time
             * @description From then on optional services close in a car that heard of no newer one.
             */
            valid_until: string;
        };
        /**
         * PrivacyBody
         * @description What the people in the car let it say. Only the car can change it.
         */
        PrivacyBody: {
            /**
             * Level
             * @description private, data (without the place) or position.
             * @example data
             */
            level: string;
            /** @description Null when it comes from before your time with the car, or was never told. */
            set: components["schemas"]["LevelSetBody"] | null;
            /**
             * Levels
             * @description The levels to choose from in this car, strictest first.
             * @example [
             *       "private",
             *       "data",
             *       "position"
             *     ]
             */
            levels: string[];
            /**
             * Ceiling
             * @description The most that the car is built to share.
             * @example position
             */
            ceiling: string;
            /**
             * Remote Access
             * @description The car's switch for reads and commands from app and web.
             */
            remote_access: boolean;
        };
        /**
         * RecipientBody
         * @description Who else gets data of the service.
         */
        RecipientBody: {
            /** Name */
            name: string;
            /**
             * Role
             * @description What for.
             */
            role: string;
            /**
             * Country
             * @description ISO 3166-1 alpha-2.
             * @example IE
             */
            country: string;
        };
        /**
         * RemovalBody
         * @description What removing the car means; nothing has happened yet.
         */
        RemovalBody: {
            /** Question */
            question: string;
            /**
             * Consequences
             * @description Each in a sentence, in the order to show them.
             */
            consequences: string[];
            /** Contracts */
            contracts: components["schemas"]["RunningContractBody"][];
        };
        /**
         * RunningContractBody
         * @description A contract that goes on when the car leaves your garage.
         */
        RunningContractBody: {
            plan: components["schemas"]["NamedBody"];
            /**
             * State
             * @example active
             */
            state: string;
            /**
             * Ends At
             * Format: date-time
             */
            ends_at: string;
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
        /**
         * ServicesBody
         * @description The services of a car, in the order of their names.
         */
        ServicesBody: {
            /** Items */
            items: components["schemas"]["DescribedServiceBody"][];
        };
        /**
         * SignalLabelBody
         * @description A signal that the service takes.
         */
        SignalLabelBody: {
            /**
             * Path
             * @description VSS path.
             * @example Vehicle.Speed
             */
            path: string;
            /**
             * Label
             * @description What it is called.
             * @example Speed
             */
            label: string;
            /**
             * Unit
             * @description Unit as in VSS; empty for a value without one.
             * @example km/h
             */
            unit: string;
        };
        /**
         * VehicleBody
         * @description A car in your garage.
         */
        VehicleBody: {
            /**
             * Vehicle Id
             * @description Opaque id of the car.
             * @example 6f1c2b7a9d3e4f508a1b2c3d4e5f6071
             */
            vehicle_id: string;
            model: components["schemas"]["NamedBody"];
            brand: components["schemas"]["NamedBody"];
            /**
             * Powertrain
             * @description As in VSS Vehicle.Powertrain.Type.
             * @example ELECTRIC
             */
            powertrain: string;
            /**
             * Since
             * Format: date-time
             * @description Since when the car is yours.
             */
            since: string;
            /**
             * Name
             * @description What you call the car; null when you gave it no name.
             * @example Titine
             */
            name: string | null;
        };
        /**
         * VehicleChangeBody
         * @description What you want to change of a car in your garage.
         */
        VehicleChangeBody: {
            /**
             * Name
             * @description What you call the car: at most 40 printable characters; null or blank for no name.
             * @example Titine
             */
            name: string | null;
        };
        /**
         * VehicleDetailBody
         * @description A car in your garage with its privacy, its policy, and how each service stands.
         */
        VehicleDetailBody: {
            /**
             * Vehicle Id
             * @description Opaque id of the car.
             * @example 6f1c2b7a9d3e4f508a1b2c3d4e5f6071
             */
            vehicle_id: string;
            model: components["schemas"]["NamedBody"];
            brand: components["schemas"]["NamedBody"];
            /**
             * Powertrain
             * @description As in VSS Vehicle.Powertrain.Type.
             * @example ELECTRIC
             */
            powertrain: string;
            /**
             * Since
             * Format: date-time
             * @description Since when the car is yours.
             */
            since: string;
            /**
             * Name
             * @description What you call the car; null when you gave it no name.
             * @example Titine
             */
            name: string | null;
            privacy: components["schemas"]["PrivacyBody"];
            policy: components["schemas"]["PolicyBody"];
            /** Services */
            services: components["schemas"]["ServiceBody"][];
        };
        /**
         * VinBody
         * @description The number of a car that you want to add.
         */
        VinBody: {
            /**
             * Vin
             * @description Vehicle identification number, as typed: blanks, dashes and small letters don't matter.
             * @example VF1AABVY0MA000042
             */
            vin: string;
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
    read_vehicle_api_v1_vehicles__vehicle_id__get: {
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
                    "application/json": components["schemas"]["VehicleDetailBody"];
                };
            };
        };
    };
    remove_vehicle_api_v1_vehicles__vehicle_id__delete: {
        parameters: {
            query?: never;
            header?: never;
            path: {
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
    change_vehicle_api_v1_vehicles__vehicle_id__patch: {
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
                "application/json": components["schemas"]["VehicleChangeBody"];
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
                    "application/json": components["schemas"]["VehicleBody"];
                };
            };
        };
    };
    list_services_api_v1_vehicles__vehicle_id__services_get: {
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
                    "application/json": components["schemas"]["ServicesBody"];
                };
            };
        };
    };
    list_vehicles_api_v1_vehicles_get: {
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
                    /** @description Version of the content, for If-None-Match. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_VehicleBody_"];
                };
            };
        };
    };
    check_eligibility_api_v1_vehicles_eligibility_post: {
        parameters: {
            query?: never;
            header?: {
                /** @description Languages of texts you read, by preference; `en`, `fr`, `de` and `es` are spoken. */
                "accept-language"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["VinBody"];
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
                    "application/json": components["schemas"]["EligibilityBody"];
                };
            };
        };
    };
    list_pairings_api_v1_pairings_get: {
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
                    /** @description Version of the content, for If-None-Match. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_PairingBody_"];
                };
            };
        };
    };
    create_pairing_api_v1_pairings_post: {
        parameters: {
            query?: never;
            header?: {
                /** @description Languages of texts you read, by preference; `en`, `fr`, `de` and `es` are spoken. */
                "accept-language"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["VinBody"];
            };
        };
        responses: {
            /** @description Successful Response */
            201: {
                headers: {
                    /** @description Name of this request, for support. */
                    "Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PairingBody"];
                };
            };
        };
    };
    read_pairing_api_v1_pairings__pairing_id__get: {
        parameters: {
            query?: never;
            header?: {
                /** @description The `ETag` of what you have. */
                "If-None-Match"?: string;
            };
            path: {
                /** @description Id of a pairing of yours. */
                pairing_id: string;
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
                    "application/json": components["schemas"]["PairingBody"];
                };
            };
        };
    };
    delete_pairing_api_v1_pairings__pairing_id__delete: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of a pairing of yours. */
                pairing_id: string;
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
    read_removal_api_v1_vehicles__vehicle_id__removal_get: {
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
                    "application/json": components["schemas"]["RemovalBody"];
                };
            };
        };
    };
}
