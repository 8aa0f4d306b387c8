/* Written by make api. */
import type * as account from "./account";
import type * as documents from "./documents";
import type * as garage from "./garage";
import type * as history from "./history";
import type * as live from "./live";
import type * as maps from "./maps";
import type * as notices from "./notices";
import type * as operation from "./operation";
import type * as phones from "./phones";
import type * as privacy from "./privacy";
import type * as remote_commands from "./remote_commands";
import type * as status from "./status";
import type * as trips from "./trips";
import type * as problems from "./problems";

/** Every address of the API. */
export type paths =
  & account.paths
  & documents.paths
  & garage.paths
  & history.paths
  & live.paths
  & maps.paths
  & notices.paths
  & operation.paths
  & phones.paths
  & privacy.paths
  & remote_commands.paths
  & status.paths
  & trips.paths;

/** The bodies that the API speaks in, by their names in its description. */
export type Schemas =
  & account.components["schemas"]
  & documents.components["schemas"]
  & garage.components["schemas"]
  & history.components["schemas"]
  & maps.components["schemas"]
  & notices.components["schemas"]
  & operation.components["schemas"]
  & phones.components["schemas"]
  & privacy.components["schemas"]
  & remote_commands.components["schemas"]
  & status.components["schemas"]
  & trips.components["schemas"]
  & problems.components["schemas"];
