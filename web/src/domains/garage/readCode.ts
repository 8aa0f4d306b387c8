import decodeQR from "qr/decode.js";

const LARGEST = 640;
let canvas: HTMLCanvasElement | null = null;

/** The text of a QR code in the present picture of a video; null when there is none. */
export async function readCode(video: HTMLVideoElement): Promise<string | null> {
  if (video.videoWidth === 0) {
    return null;
  }
  canvas ??= document.createElement("canvas");
  const scale = Math.min(1, LARGEST / Math.max(video.videoWidth, video.videoHeight));
  canvas.width = Math.round(video.videoWidth * scale);
  canvas.height = Math.round(video.videoHeight * scale);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context === null) {
    return null;
  }
  context.drawImage(video, 0, 0, canvas.width, canvas.height);
  try {
    return decodeQR(context.getImageData(0, 0, canvas.width, canvas.height));
  } catch {
    return null; // no code in this picture: the next one is a moment away
  }
}
