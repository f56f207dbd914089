import type { Texts } from './texts';

export const japanese: Texts = {
  logIn: 'ログイン',
  continueTo: '{app} に進みます',
  username: 'ユーザー名',
  password: 'パスワード',
  logInButton: 'ログイン',
  cancel: 'キャンセル',
  wrongPassword: 'ユーザー名またはパスワードが正しくありません。',
  wrongPasswordTitle: 'ユーザー名またはパスワードが正しくありません: {title}',

  allowTitle: '{app} を許可しますか？',
  loggedInAs: '{user} としてログインしています。',
  permissions: {
    other: '{app} が次の権限を求めています。',
  },
  goBackTo: 'このあと {destination} に戻ります。',
  goBackToDevice: 'このあと、この端末のアプリ（{destination}）に戻ります。',
  allow: '許可する',
  deny: '許可しない',
  unverified: '未確認のアプリ',
  unverifiedHost:
    'このアプリについて確認できているのは、{host} が提供元であることだけです。このサイトを信頼できる場合にのみ許可してください。',
  unverifiedApp:
    'このアプリの提供元は確認されていません。ご自身で始めた操作である場合にのみ許可してください。',

  failedTitle: '処理を完了できませんでした',
  beginAgain: '元のアプリに戻って、もう一度最初からやり直してください。',
  unknownApp: '元のアプリはこのサイトに登録されていません。',
  removedApp: '元のアプリの登録は取り消されています。',
  unknownDestination: '元のアプリが指定した戻り先は、登録されていません。',
  badRequest: '元のアプリから、受け付けられないリクエストが送られました。',
  technicalDetails: '開発者向けの詳細',
  serverError: 'サーバーで問題が発生しました。',
  expired: 'このページの有効期限が切れているか、別のブラウザーで開かれたものです。',
  foreignForm: 'このフォームは当サイトのページから送信されたものではありません。',
  tryAgainTitle: 'もう一度お試しください',
  unavailable: '現在応答できません。しばらくしてからページを再読み込みしてください。',

  deviceTitle: '端末を接続',
  deviceIntro: '端末に表示されているコードを入力してください。',
  deviceCode: 'コード',
  next: '次へ',
  deviceWrongCode: 'コードが正しくありません。確認して、もう一度入力してください。',
  deviceExpiredCode: 'コードの有効期限が切れています。端末で新しいコードを取得してください。',
  deviceUsedCode: 'このコードはすでに使用されています。端末で新しいコードを取得してください。',
  deviceFailed: '処理を完了できませんでした。もう一度コードを入力してください。',
  deviceFailedTitle: 'エラー: {title}',
  deviceConfirmTitle: '端末にこのコードが表示されていますか？',
  deviceConfirm: '{app} があなたのアカウントに接続されます。',
  deviceWarning:
    'ご自身で始めた操作であり、コードを表示している端末が手元にある場合にのみ続けてください。',
  deviceDoneTitle: '端末を接続しました',
  deviceDone: '端末の {app} に戻ってください。このページは閉じてかまいません。',
  deviceStoppedTitle: '端末は接続されませんでした',
  deviceStopped: 'アクセスは許可されていません。このページは閉じてかまいません。',
};
