/* Written by make api. */
export interface paths {
    "/api/v1/vehicles/{vehicle_id}/commands": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What this car can be told to do
         * @description Each command of this car: what it is called, who signs it, its arguments and times, and whether you could give it now.
         */
        get: operations["list_offers_api_v1_vehicles__vehicle_id__commands_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/vehicles/{vehicle_id}/challenges": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Ask the car for a challenge
         * @description What a remote command that a phone signs has to name. It wakes no car: one that is not connected is told so at once.
         */
        post: operations["ask_challenge_api_v1_vehicles__vehicle_id__challenges_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/vehicles/{vehicle_id}/remote-commands": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Remote commands
         * @description What you asked of this car and its outcome, newest first.
         */
        get: operations["list_commands_api_v1_vehicles__vehicle_id__remote_commands_get"];
        put?: never;
        /**
         * Send the car a remote command
         * @description The command with its address; each further step is told on the car's event stream.
         *
         *     What the rules do not permit, and what the car can't get because it is not connected, is a remote command in the state `refused`, with
         *     reason and cure. What only a phone may command is `awaiting_phone` when it comes unsigned.
         */
        post: operations["send_command_api_v1_vehicles__vehicle_id__remote_commands_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/vehicles/{vehicle_id}/remote-commands/{command_id}/approval": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Approve a remote command on a phone
         * @description Sign a remote command that awaits a phone; the same approval again is the same command.
         */
        post: operations["approve_command_api_v1_vehicles__vehicle_id__remote_commands__command_id__approval_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/vehicles/{vehicle_id}/remote-commands/{command_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One command
         * @description The command and every step of its life so far.
         */
        get: operations["read_command_api_v1_vehicles__vehicle_id__remote_commands__command_id__get"];
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
         * ApprovalBody
         * @description A phone's signature on a remote command that waits for one; the code where it was not typed a moment ago.
         */
        ApprovalBody: {
            /**
             * Payload
             * @description The command as its signer wrote it: base64url of compact JSON with exactly the members of a remote command, in their order.
             */
            payload: string;
            /**
             * Signature
             * @description ECDSA P-256, 64 bytes (r, s), base64url.
             */
            signature: string;
            /** Safety Code */
            safety_code?: string | null;
        };
        /**
         * Authority
         * @description Who has to sign a remote command before the car runs it (DESIGN, "A remote command"). From the least demanding to the strictest.
         * @enum {string}
         */
        Authority: "platform" | "digital_key" | "digital_key_and_code" | "local";
        /**
         * ChallengeBody
         * @description What the car wants a remote command to name, so that it is in time by the car's own clock.
         */
        ChallengeBody: {
            /**
             * Challenge
             * @description 16 bytes, base64url without padding.
             * @example q83vEjRWeJCrze8SNFZ4kA
             */
            challenge: string;
            /**
             * Lives S
             * @description Seconds for which a remote command may name it.
             * @example 300
             */
            lives_s: number;
        };
        /**
         * CommandBody
         * @description A command of this car as it counts here and now: all that an app needs to offer it.
         */
        CommandBody: {
            /**
             * Command
             * @description Its name, for `POST …/remote-commands`.
             * @example start_climate
             */
            command: string;
            /**
             * Declaration
             * @description The declaration that lists it.
             * @example remote_climate
             */
            declaration: string;
            /**
             * Label
             * @description What it is called.
             * @example Start the climate control
             */
            label: string;
            /**
             * Confirmation
             * @description What to ask before it is sent; null where nothing is to be asked.
             */
            confirmation: string | null;
            /** @description Who has to sign it: the stricter of its declaration's and the brand's. */
            authority: components["schemas"]["Authority"];
            /**
             * Needs Code
             * @description Whether the safety code has to be typed for it.
             */
            needs_code: boolean;
            /**
             * Arguments
             * @description JSON Schema (2020-12) of its arguments: an object whose properties are bool, whole numbers, texts and choices (`oneOf` of `const` with `title`), with `title`, `default`, limits and `unit`.
             */
            arguments: {
                [key: string]: unknown;
            };
            /**
             * Begins Within S
             * @description The car is at it at most so long after the request; what a phone signs is good for this long.
             * @example 8
             */
            begins_within_s: number;
            /**
             * Outcome Within S
             * @description The car says what came of it at most so long after the request.
             * @example 15
             */
            outcome_within_s: number;
            /**
             * Lifetime S
             * @description You hear the last word at most so long after the request.
             * @example 20
             */
            lifetime_s: number;
            /**
             * Possible
             * @description Whether it is permitted now. Whether the car can be reached shows when it is sent.
             */
            possible: boolean;
            /**
             * Reason
             * @description Why it is not possible: a stable code; empty otherwise.
             * @example
             */
            reason: string;
            /**
             * Message
             * @description The reason in a sentence; empty otherwise.
             * @example
             */
            message: string;
            /**
             * Cure
             * @description What you can do about it; empty where there is nothing to do.
             * @example
             */
            cure: string;
        };
        /**
         * CommandRequestBody
         * @description What the car is to do. What a phone has to sign comes signed, or waits for a phone to approve it.
         *
         *     A signed payload names the same arguments.
         */
        CommandRequestBody: {
            /**
             * Command
             * @example unlock
             */
            command: string;
            /**
             * Arguments
             * @description Arguments by name, as `GET …/commands` describes them. What is left out has its default.
             * @example {}
             */
            arguments?: {
                [key: string]: boolean | number | string;
            };
            /** Payload */
            payload?: string | null;
            /** Signature */
            signature?: string | null;
            /** Safety Code */
            safety_code?: string | null;
        };
        /**
         * CommandsBody
         * @description The commands of a car, by name.
         */
        CommandsBody: {
            /** Items */
            items: components["schemas"]["CommandBody"][];
        };
        /**
         * Page[RemoteCommandBody]
         * @description One page of a list.
         */
        Page_RemoteCommandBody_: {
            /**
             * Items
             * @description The entries of this page, in the order of the list.
             */
            items: components["schemas"]["RemoteCommandBody"][];
            /**
             * Next
             * @description Cursor of the next page; null when this is the last.
             */
            next: string | null;
        };
        /**
         * RemoteCommandBody
         * @description A remote command and its outcome.
         */
        RemoteCommandBody: {
            /**
             * Command Id
             * @description Opaque id of the command.
             * @example 6f1c2b7a9d3e4f508a1b2c3d4e5f6071
             */
            command_id: string;
            /**
             * Command
             * @example unlock
             */
            command: string;
            /**
             * Arguments
             * @description With what it was asked for, defaults included; a phone that approves it signs these.
             * @example {}
             */
            arguments: {
                [key: string]: boolean | number | string;
            };
            state: components["schemas"]["State"];
            /** Steps */
            steps: components["schemas"]["StepBody"][];
            /**
             * Reason
             * @description Why it was refused, failed or expired: a stable code; empty otherwise.
             * @example
             */
            reason: string;
            /**
             * Message
             * @description How it stands, in a sentence.
             * @example Done: the car's sensors say so.
             */
            message: string;
            /**
             * Cure
             * @description What you can do about it; empty where there is nothing to do.
             * @example
             */
            cure: string;
            /**
             * Requested At
             * Format: date-time
             */
            requested_at: string;
            /**
             * Expires At
             * Format: date-time
             * @description The car does not begin it any more from then on.
             */
            expires_at: string;
            /** @description Null for what no phone has signed. */
            phone: components["schemas"]["SignerBody"] | null;
            /**
             * Cause
             * @description Why a service of the platform gave it by itself: a stable code; empty where an owner asked for it.
             * @example
             */
            cause: string;
        };
        /**
         * SignerBody
         * @description The phone that signed.
         */
        SignerBody: {
            /**
             * Key Id
             * @example 6f1c2b7a9d3e4f508a1b2c3d4e5f6071
             */
            key_id: string;
            /**
             * Label
             * @example Camille's phone
             */
            label: string;
        };
        /**
         * State
         * @description Where a remote command stands.
         * @enum {string}
         */
        State: "awaiting_phone" | "accepted" | "sent" | "reached" | "executing" | "done" | "refused" | "failed" | "expired";
        /**
         * StepBody
         * @description A step of a remote command's life.
         */
        StepBody: {
            state: components["schemas"]["State"];
            /**
             * At
             * Format: date-time
             * @description By the platform's clock.
             */
            at: string;
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
    list_offers_api_v1_vehicles__vehicle_id__commands_get: {
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
                    "application/json": components["schemas"]["CommandsBody"];
                };
            };
        };
    };
    ask_challenge_api_v1_vehicles__vehicle_id__challenges_post: {
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
            201: {
                headers: {
                    /** @description Name of this request, for support. */
                    "Request-Id"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ChallengeBody"];
                };
            };
        };
    };
    list_commands_api_v1_vehicles__vehicle_id__remote_commands_get: {
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
                    "application/json": components["schemas"]["Page_RemoteCommandBody_"];
                };
            };
        };
    };
    send_command_api_v1_vehicles__vehicle_id__remote_commands_post: {
        parameters: {
            query?: never;
            header: {
                /** @description A fresh random name of this request. The same request again, with the same name, is the same command. */
                "idempotency-key": string;
                /** @description Languages of texts you read, by preference; `en`, `fr`, `de` and `es` are spoken. */
                "accept-language"?: string;
            };
            path: {
                /** @description Opaque id of a car. */
                vehicle_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CommandRequestBody"];
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
                    "application/json": components["schemas"]["RemoteCommandBody"];
                };
            };
        };
    };
    approve_command_api_v1_vehicles__vehicle_id__remote_commands__command_id__approval_post: {
        parameters: {
            query?: never;
            header?: {
                /** @description Languages of texts you read, by preference; `en`, `fr`, `de` and `es` are spoken. */
                "accept-language"?: string;
            };
            path: {
                /** @description Opaque id of a car. */
                vehicle_id: string;
                /** @description Opaque id of a remote command. */
                command_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ApprovalBody"];
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
                    "application/json": components["schemas"]["RemoteCommandBody"];
                };
            };
        };
    };
    read_command_api_v1_vehicles__vehicle_id__remote_commands__command_id__get: {
        parameters: {
            query?: never;
            header?: {
                /** @description Languages of texts you read, by preference; `en`, `fr`, `de` and `es` are spoken. */
                "accept-language"?: string;
                /** @description The `ETag` of what you have. */
                "If-None-Match"?: string;
            };
            path: {
                /** @description Opaque id of a remote command. */
                command_id: string;
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
                    "application/json": components["schemas"]["RemoteCommandBody"];
                };
            };
        };
    };
}
