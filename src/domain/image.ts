export const ImageStatus = {
  OK: 'OK',
  NOT_REACHABLE: 'NOT_REACHABLE',
  NOT_AN_IMAGE: 'NOT_AN_IMAGE',
  TOO_LARGE: 'TOO_LARGE',
} as const;
export type ImageStatus = (typeof ImageStatus)[keyof typeof ImageStatus];

const ascii = (bytes: Uint8Array, from: number, to: number): string =>
  String.fromCharCode(...bytes.subarray(from, to));

/** True when the bytes begin like PNG, JPEG, GIF, WebP, AVIF or ICO; the declared content type is ignored. SVG is not
 *  accepted, because it can contain scripts. */
export function isImage(bytes: Uint8Array): boolean {
  const start = ascii(bytes, 0, 8);
  return (
    start === '\x89PNG\r\n\x1a\n' ||
    start.startsWith('\xff\xd8\xff') ||
    /^GIF8[79]a/.test(start) ||
    start.startsWith('\0\0\x01\0') ||
    (start.startsWith('RIFF') && ascii(bytes, 8, 12) === 'WEBP') ||
    /^ftypavi[fs]$/.test(ascii(bytes, 4, 12))
  );
}
