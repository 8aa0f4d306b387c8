/* Written by make api. */
export interface paths {
    "/api/v1/brand": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The brand
         * @description What an app has to know before anybody is signed in.
         */
        get: operations["read_brand_api_v1_brand_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/accounts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sign up
         * @description The address is sent a mail: a link to activate the account, or that it has one. The answer is the same.
         */
        post: operations["sign_up_api_v1_accounts_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/accounts/confirmations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Activate an account
         * @description Follow the link of the mail. It works once, within 24 hours.
         */
        post: operations["confirm_api_v1_accounts_confirmations_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/accounts/confirmations/resend": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Have the link sent again
         * @description A new link, if an account that is not active has this address. The answer is always the same.
         */
        post: operations["resend_api_v1_accounts_confirmations_resend_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/accounts/password-resets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Forgotten password
         * @description A link to set a new password, by mail, if an account has this address, user name or number. The answer is always the same.
         */
        post: operations["request_reset_api_v1_accounts_password_resets_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/accounts/password-resets/confirm": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Set a new password by a link
         * @description Every session and every token of the account ends. The link works once, within an hour.
         */
        post: operations["reset_api_v1_accounts_password_resets_confirm_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Where you are signed in
         * @description Every browser that is signed in, the one used last first.
         */
        get: operations["list_sessions_api_v1_sessions_get"];
        put?: never;
        /**
         * Sign in
         * @description The browser is given the cookie of a new session. A wrong password and an unknown address get the same answer.
         */
        post: operations["sign_in_api_v1_sessions_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sessions/current": {
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
         * Sign out
         * @description End the session of the cookie; the browser forgets it.
         */
        delete: operations["sign_out_api_v1_sessions_current_delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/sessions/{session_id}": {
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
         * Sign a browser out
         * @description End one session of yours; a page that is open in it ends within seconds.
         */
        delete: operations["end_session_api_v1_sessions__session_id__delete"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/account": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Your account
         * @description Who you are to the platform.
         */
        get: operations["read_account_api_v1_account_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Change your account
         * @description Language, country of use, time zone, user name and mobile number; what is left out stays.
         */
        patch: operations["change_account_api_v1_account_patch"];
        trace?: never;
    };
    "/api/v1/account/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Change your password
         * @description All other sessions and every access token end; you are told by mail.
         */
        put: operations["change_password_api_v1_account_password_put"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/account/safety-code": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Choose the safety code
         * @description Your password proves that it is you. A lock after wrong codes ends.
         */
        put: operations["choose_code_api_v1_account_safety_code_put"];
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
         * AccountBody
         * @description An account, as its owner sees it.
         */
        AccountBody: {
            /**
             * Account Id
             * @description Opaque id.
             */
            account_id: string;
            /**
             * Email
             * @description Mail address; null for an account made by the operator without one.
             */
            email: string | null;
            /** Given Name */
            given_name: string | null;
            /** Family Name */
            family_name: string | null;
            /** Language */
            language: string;
            /** Country */
            country: string | null;
            /** Time Zone */
            time_zone: string;
            /**
             * User Name
             * @description What you may sign in with beside the mail address.
             */
            user_name: string | null;
            /**
             * Mobile
             * @description A number by which your account is found when the password was forgotten.
             */
            mobile: string | null;
            /**
             * Safety Code Set
             * @description Whether a safety code to open cars with is set.
             */
            safety_code_set: boolean;
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
        };
        /**
         * AddressBody
         * @description A mail address to send a link to.
         */
        AddressBody: {
            /**
             * Email
             * @description Mail address.
             * @example ada@example.com
             */
            email: string;
        };
        /**
         * BrandBody
         * @description What there is to know of the brand before signing in.
         */
        BrandBody: {
            /** Name */
            name: string;
            /**
             * User Names
             * @description Whether owners may choose a user name and sign in with it.
             */
            user_names: boolean;
        };
        /**
         * ForgottenBody
         * @description Whose password was forgotten: exactly one of the three.
         */
        ForgottenBody: {
            /** Email */
            email?: string | null;
            /**
             * User Name
             * @example ada.lovelace
             */
            user_name?: string | null;
            /**
             * Mobile
             * @example +33 6 12 34 56 78
             */
            mobile?: string | null;
        };
        /**
         * PasswordBody
         * @description The present password and the next.
         */
        PasswordBody: {
            /**
             * Current Password
             * @description Password.
             * @example correct horse battery
             */
            current_password: string;
            /**
             * New Password
             * @description New password; not the mail address.
             * @example correct horse battery
             */
            new_password: string;
        };
        /**
         * ProfileChangeBody
         * @description What is to change; what is left out stays.
         */
        ProfileChangeBody: {
            /** Language */
            language?: string | null;
            /** Country */
            country?: string | null;
            /** Time Zone */
            time_zone?: string | null;
            /**
             * User Name
             * @description An empty one takes it away.
             */
            user_name?: string | null;
            /**
             * Mobile
             * @description An empty one takes it away.
             */
            mobile?: string | null;
        };
        /**
         * ResetBody
         * @description A link that was followed, and the password to set by it.
         */
        ResetBody: {
            /**
             * Token
             * @description What stands behind # in the link.
             */
            token: string;
            /**
             * New Password
             * @description New password; not the mail address.
             * @example correct horse battery
             */
            new_password: string;
        };
        /**
         * SafetyCodeBody
         * @description A new safety code, with the password that proves who chooses it.
         */
        SafetyCodeBody: {
            /**
             * Code
             * @description The safety code.
             * @example 4817
             */
            code: string;
            /** Password */
            password: string;
        };
        /**
         * SessionBody
         * @description A browser that is signed in.
         */
        SessionBody: {
            /** Session Id */
            session_id: string;
            /**
             * Agent
             * @description Family of browser and system.
             * @example Firefox · Android
             */
            agent: string;
            /**
             * Created At
             * Format: date-time
             */
            created_at: string;
            /**
             * Used At
             * Format: date-time
             * @description Last use, to the hour.
             */
            used_at: string;
            /**
             * Current
             * @description Whether it is the one that asks.
             */
            current: boolean;
        };
        /**
         * SessionsBody
         * @description Every browser that is signed in.
         */
        SessionsBody: {
            /** Items */
            items: components["schemas"]["SessionBody"][];
        };
        /**
         * SignInBody
         * @description Mail address, or user name where the brand has them, and password.
         */
        SignInBody: {
            /**
             * Email
             * @example ada@example.com
             */
            email?: string | null;
            /** User Name */
            user_name?: string | null;
            /**
             * Password
             * @description Password.
             * @example correct horse battery
             */
            password: string;
        };
        /**
         * SignUpBody
         * @description Who wants an account.
         */
        SignUpBody: {
            /**
             * Email
             * @description Mail address.
             * @example ada@example.com
             */
            email: string;
            /**
             * Password
             * @description New password; not the mail address.
             * @example correct horse battery
             */
            password: string;
            /**
             * Given Name
             * @example Ada
             */
            given_name: string;
            /**
             * Family Name
             * @example Lovelace
             */
            family_name: string;
            /**
             * Language
             * @description BCP 47: en, fr, de or es.
             * @example fr
             */
            language: string;
            /**
             * Country
             * @description Country of use, ISO 3166-1 alpha-2.
             * @example FR
             */
            country: string;
            /**
             * Time Zone
             * @description IANA name.
             * @example Europe/Paris
             */
            time_zone: string;
        };
        /**
         * TokenBody
         * @description A link that was followed.
         */
        TokenBody: {
            /**
             * Token
             * @description What stands behind # in the link.
             */
            token: string;
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
    read_brand_api_v1_brand_get: {
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
                    "application/json": components["schemas"]["BrandBody"];
                };
            };
        };
    };
    sign_up_api_v1_accounts_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SignUpBody"];
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
                content?: never;
            };
        };
    };
    confirm_api_v1_accounts_confirmations_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TokenBody"];
            };
        };
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
    resend_api_v1_accounts_confirmations_resend_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AddressBody"];
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
                content?: never;
            };
        };
    };
    request_reset_api_v1_accounts_password_resets_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ForgottenBody"];
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
                content?: never;
            };
        };
    };
    reset_api_v1_accounts_password_resets_confirm_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ResetBody"];
            };
        };
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
    list_sessions_api_v1_sessions_get: {
        parameters: {
            query?: never;
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
                    "application/json": components["schemas"]["SessionsBody"];
                };
            };
        };
    };
    sign_in_api_v1_sessions_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SignInBody"];
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
                    "application/json": components["schemas"]["AccountBody"];
                };
            };
        };
    };
    sign_out_api_v1_sessions_current_delete: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
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
    end_session_api_v1_sessions__session_id__delete: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of a session. */
                session_id: string;
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
    read_account_api_v1_account_get: {
        parameters: {
            query?: never;
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
                    "application/json": components["schemas"]["AccountBody"];
                };
            };
        };
    };
    change_account_api_v1_account_patch: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ProfileChangeBody"];
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
                    "application/json": components["schemas"]["AccountBody"];
                };
            };
        };
    };
    change_password_api_v1_account_password_put: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PasswordBody"];
            };
        };
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
    choose_code_api_v1_account_safety_code_put: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SafetyCodeBody"];
            };
        };
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
