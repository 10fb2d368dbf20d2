export { header, withHeader, withoutHeaders } from '../../http/headers.ts';
