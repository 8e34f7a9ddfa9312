/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* HTTP status codes and their reason phrases. */

const char *http_reason(int status);
