import type { PluralText } from '../../../pages/text-table';

/**
 * The texts of `managementPages()`. `{name}` is a placeholder; a text may leave it out, and may
 * have no others.
 */
export interface ManagementTexts {
  /** Label of the navigation. */
  readonly navigation: string;
  /** Title of the list of keys. */
  readonly keys: string;
  /** Title of the list of apps. */
  readonly apps: string;
  /** Title of the list of connected apps. */
  readonly connected: string;
  /** Below the title of the list of keys. `{user}` is the account. */
  readonly loggedInAs: string;
  /** Title of the form for a new key, and the link to it. */
  readonly newKey: string;
  /** Label of the status. */
  readonly status: string;
  /** Choice of every status. */
  readonly anyStatus: string;
  /** A key that works. */
  readonly active: string;
  /** A key that was disabled. */
  readonly disabled: string;
  /** A key that has expired. */
  readonly expired: string;
  /** A key that was revoked. */
  readonly revoked: string;
  /** Button of the search. */
  readonly search: string;
  /** Instead of an empty list of keys. */
  readonly noKeys: string;
  /** Instead of an empty result of a search. */
  readonly noMatches: string;
  /** Link that ends a search. */
  readonly allKeys: string;
  /** Link to the next page of a list. */
  readonly nextPage: string;
  /** Link to the first page of a list. */
  readonly firstPage: string;
  /** Label of a name. */
  readonly name: string;
  /** Below the name of a key. */
  readonly nameHint: string;
  /** A key without a name. */
  readonly unnamed: string;
  /** Label of a key. */
  readonly key: string;
  /** Label of scopes. */
  readonly scopes: string;
  /** Instead of scopes. */
  readonly noScopes: string;
  /** Label of an environment. */
  readonly environment: string;
  /** Label of the time of creation. */
  readonly created: string;
  /** Label of the time of the last use. */
  readonly lastUsed: string;
  /** Label of an expiry. */
  readonly expires: string;
  /** Instead of a time. */
  readonly never: string;
  /** Choice of a duration in days. */
  readonly inDays: PluralText;
  /** Choice of a duration in hours. */
  readonly inHours: PluralText;
  /** Choice of the longest lifetime. */
  readonly longest: string;
  /** Label of the date of an expiry. */
  readonly onDate: string;
  /** Below the date of an expiry. */
  readonly onDateHint: string;
  /** Link that gives up. */
  readonly cancel: string;
  /** Link to a list. */
  readonly back: string;
  /** Title of the document after a form was refused. `{title}` is that of the form. */
  readonly errorTitle: string;
  /** The name is invalid. */
  readonly nameFault: string;
  /** The scopes are invalid. */
  readonly scopesFault: string;
  /** The environment is invalid. */
  readonly environmentFault: string;
  /** The expiry is invalid. */
  readonly expiresAtFault: string;
  /** The overlap is invalid. */
  readonly overlapMsFault: string;
  /** The redirect URIs are invalid. */
  readonly redirectUrisFault: string;
  /** The kind of an app is invalid. */
  readonly typeFault: string;
  /** Any other error in a form. */
  readonly requestFault: string;
  /** The account has as many keys as it may have. `{count}` is the limit. */
  readonly tooManyKeys: string;
  /** What was requested is not possible in this state. */
  readonly conflict: string;
  /** Title of the page with a new key. */
  readonly keyReady: string;
  /** Above a new secret. */
  readonly saveNow: string;
  /** After a rotation. `{date}` is when the old secret ends. */
  readonly oldUntil: string;
  /** After a rotation without overlap. */
  readonly oldEnded: string;
  /** Button that copies. */
  readonly copy: string;
  /** After the button was used. */
  readonly copied: string;
  /** Label of a command that tries the key. */
  readonly testRequest: string;
  /** Link that leaves the page with a secret. */
  readonly saved: string;
  /** After a change. */
  readonly changed: string;
  /** Heading of the form with name and scopes. */
  readonly settings: string;
  /** Button that saves. */
  readonly save: string;
  /** Heading of the chart. */
  readonly usage: string;
  /** Below the heading of the chart. */
  readonly usageSum: PluralText;
  /** Description of the chart. */
  readonly chart: string;
  /** Opens the numbers of the chart. */
  readonly asTable: string;
  /** Column of a day. */
  readonly day: string;
  /** Heading of what can be done. */
  readonly actions: string;
  /** Button and link that rotate. */
  readonly rotate: string;
  /** Title of the page that rotates a key or a secret. */
  readonly rotateTitle: string;
  /** On the page that rotates. */
  readonly rotateIntro: string;
  /** Label of the overlap. */
  readonly overlap: string;
  /** Choice of no overlap. */
  readonly noOverlap: string;
  /** Button that disables a key. */
  readonly disable: string;
  /** Button that enables a key. */
  readonly enable: string;
  /** Button and link that revoke a key. */
  readonly revoke: string;
  /** Title of the page that revokes a key. */
  readonly revokeTitle: string;
  /** On the page that revokes a key. */
  readonly revokeIntro: string;
  /** Heading of the banner about keys that expire within 14 days. */
  readonly expiringSoon: PluralText;
  /** On the page of a key that expires within 14 days. */
  readonly expiresSoon: string;
  /** Title of the form for a new app, and the link to it. */
  readonly newApp: string;
  /** Instead of an empty list of apps. */
  readonly noApps: string;
  /** Title of the page with the secret of an app. */
  readonly appReady: string;
  /** Label of a client ID. */
  readonly clientId: string;
  /** Label of a client secret. */
  readonly clientSecret: string;
  /** For a public app. */
  readonly noSecret: string;
  /** Label of redirect URIs. */
  readonly redirectUris: string;
  /** Below the redirect URIs. */
  readonly redirectUrisHint: string;
  /** Label of the kind of an app. */
  readonly appType: string;
  /** An app with a server. */
  readonly webApp: string;
  /** An app in a browser. */
  readonly browserApp: string;
  /** An app on a device. */
  readonly nativeApp: string;
  /** Button and link that delete an app. */
  readonly deleteApp: string;
  /** Title of the page that deletes an app. */
  readonly deleteTitle: string;
  /** On the page that deletes an app. */
  readonly deleteIntro: string;
  /** Instead of an empty list of connected apps. */
  readonly noConnected: string;
  /** A connected app that was removed. */
  readonly unknownApp: string;
  /** Label of the time at which an app was connected. */
  readonly since: string;
  /** Button and link that end a connection. */
  readonly disconnect: string;
  /** Title of the page that ends a connection. */
  readonly disconnectTitle: string;
  /** On the page that ends a connection. */
  readonly disconnectIntro: string;
  /** Title of the page for what does not exist. */
  readonly notFoundTitle: string;
  /** On the page for what does not exist. */
  readonly notFound: string;
  /** Title of the page for users who are not logged in. */
  readonly logInTitle: string;
  /** On the page for users who are not logged in. */
  readonly logIn: string;
  /** Title of a page with an error. */
  readonly failedTitle: string;
  /** The form comes from another site. */
  readonly foreignForm: string;
  /** The form was sent twice. */
  readonly usedForm: string;
  /** Title of the page during an outage. */
  readonly unavailableTitle: string;
  /** During an outage. */
  readonly unavailable: string;
  /** Button that sends a form again after an outage. */
  readonly tryAgain: string;
  /** After an outage in the middle of a rotation, if the old key still works. */
  readonly oldKeyWorks: string;
  /** After an outage in the middle of a rotation, if the old key no longer works. */
  readonly oldKeyEnded: string;
  /** After an outage in the middle of a rotation, if nobody knows whether the old key works. */
  readonly oldKeyUnknown: string;
}
