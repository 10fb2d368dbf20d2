import { WasmcpError } from '../../../host/index.ts';
import type { Upload, UploadReceiver } from '../../http/handler.ts';
import { AmbiguityWatch } from '../ambiguity/watch.ts';

/**
 * A message that is too long to be kept until its end. Each part is looked at before a guest gets it: if parsers could read another
 * message, the guest gets the error `message-ambiguous` instead of that part and all others.
 */
export function watchUpload(upload: Upload): Upload {
  const watch = new AmbiguityWatch();
  return {
    start(to: UploadReceiver) {
      let isOver = false;
      upload.start({
        data(bytes) {
          if (isOver) return true;
          const text = watch.push(bytes);
          if (text === undefined) return to.data(bytes);
          isOver = true;
          to.fail(new WasmcpError('message-ambiguous', text));
          return true;
        },
        end(trailers) {
          if (!isOver) to.end(trailers);
        },
        fail(error) {
          if (!isOver) to.fail(error);
        },
      });
    },
    resume: () => upload.resume(),
    stop: () => upload.stop(),
  };
}
