/** Free mail domains: anyone can get an address, so two addresses of one domain do not mean one company. A program adds its
 *  own domains by its lists. The list is short and kept by hand, because packages with such lists also contain companies
 *  (telstra.com, easypost.com, law.com), whose deals would then be refused. */
export const freeMailDomains: ReadonlySet<string> = new Set(
  `
  gmail.com googlemail.com yahoo.com yahoo.co.uk yahoo.co.in yahoo.fr yahoo.de ymail.com rocketmail.com
  outlook.com hotmail.com hotmail.co.uk hotmail.fr hotmail.de live.com live.co.uk msn.com icloud.com
  me.com mac.com aol.com proton.me protonmail.com pm.me gmx.com gmx.de gmx.net gmx.at web.de
  t-online.de freenet.de posteo.de mailbox.org zoho.com zohomail.com yandex.com yandex.ru mail.ru
  inbox.ru bk.ru list.ru rambler.ru fastmail.com hey.com tutanota.com tuta.com mail.com email.com
  rediffmail.com qq.com 163.com 126.com sina.com naver.com daum.net hanmail.net orange.fr wanadoo.fr
  free.fr laposte.net sfr.fr libero.it virgilio.it tiscali.it bluewin.ch hispeed.ch telenet.be
  skynet.be ziggo.nl kpnmail.nl btinternet.com sky.com virginmedia.com comcast.net verizon.net att.net
  sbcglobal.net cox.net charter.net uol.com.br bol.com.br terra.com.br seznam.cz wp.pl o2.pl onet.pl
  interia.pl abv.bg ukr.net walla.co.il bigpond.com
  `
    .trim()
    .split(/\s+/),
);
