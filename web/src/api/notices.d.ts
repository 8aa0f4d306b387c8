/* Written by make api. */
export interface paths {
    "/api/v1/notices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Your notices
         * @description What you were told about your cars. Each kind is kept for as long as its service says.
         */
        get: operations["list_notices_api_v1_notices_get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/notices/read": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * You have read your notices
         * @description All that you were told until then count as read, on every device.
         */
        put: operations["read_notices_api_v1_notices_read_put"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/notices/{notice_id}/read": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * You have read a notice
         * @description It counts as read, on every device. When it was read first stays.
         */
        put: operations["read_notice_api_v1_notices__notice_id__read_put"];
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
         * NoticeBody
         * @description Something that you were told about a car of yours.
         */
        NoticeBody: {
            /**
             * Notice Id
             * @example 0b5e2f7a9d3e4f508a1b2c3d4e5f6071
             */
            notice_id: string;
            /**
             * Vehicle Id
             * @description The car that it is about.
             * @example 0b5e2f7a9d3e4f508a1b2c3d4e5f6071
             */
            vehicle_id: string;
            /**
             * Kind
             * @description What it tells: a stable code.
             * @example phone_added
             */
            kind: string;
            /**
             * Security
             * @description Whether it is about the security of the car: such a notice is never silenced.
             */
            security: boolean;
            /**
             * Title
             * @description In one line.
             * @example A phone can now open Titine
             */
            title: string;
            /**
             * Message
             * @description What happened.
             */
            message: string;
            /**
             * Action
             * @description What you may do about it.
             */
            action: string | null;
            /**
             * At
             * Format: date-time
             * @description When that was.
             */
            at: string;
            /**
             * Told At
             * Format: date-time
             * @description When you were told.
             */
            told_at: string;
            /**
             * Read At
             * @description When you read it, on whichever device; null: not yet.
             */
            read_at: string | null;
            /**
             * Further
             * @description How many more of this kind came within the hour; they are only counted.
             */
            further: number;
        };
        /**
         * NoticesBody
         * @description One page of your notices, the newest first.
         */
        NoticesBody: {
            /**
             * Items
             * @description The entries of this page, in the order of the list.
             */
            items: components["schemas"]["NoticeBody"][];
            /**
             * Next
             * @description Cursor of the next page; null when this is the last.
             */
            next: string | null;
            /**
             * Unread
             * @description How many you have not read, on all pages.
             */
            unread: number;
        };
        /**
         * ReadBody
         * @description Up to when you have read your notices.
         */
        ReadBody: {
            /**
             * Until
             * Format: date-time
             * @description `told_at` of the newest one that you saw.
             */
            until: string;
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
    list_notices_api_v1_notices_get: {
        parameters: {
            query?: {
                /** @description How many entries at most. */
                limit?: number;
                /** @description `next` of the page before, unchanged; none for the first page. */
                cursor?: string | null;
                /** @description Only those that you have not read. */
                unread?: boolean;
            };
            header?: {
                /** @description Languages of texts you read, by preference; `en`, `fr`, `de` and `es` are spoken. */
                "accept-language"?: string;
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
                    "application/json": components["schemas"]["NoticesBody"];
                };
            };
        };
    };
    read_notices_api_v1_notices_read_put: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReadBody"];
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
    read_notice_api_v1_notices__notice_id__read_put: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of a notice of yours. */
                notice_id: string;
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
