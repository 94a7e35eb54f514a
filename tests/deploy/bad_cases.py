"""Everything that can be wrong with a command line and what it names, and what must be said of it."""

from tests.clips import Clip, make
from tests.deploy.bad_things import (
    ADDRESS,
    NOBODY,
    OPTION,
    OUTPUT,
    PROMPT,
    REGION,
    REMOVE,
    RUN,
    SECRET,
    SOURCE,
    USAGE,
    WELL,
    Case,
    bitmap,
    copy,
    file,
    folder,
    frameless,
    headless,
    masks,
    noise,
    pictures,
    sound,
)

CASES = {
    # The source
    "a source that is not there": Case(f"remove gone.mp4 out.mkv {REGION}", SOURCE, r"gone\.mp4 .*no such file"),
    "no source, inline": Case(f"remove gone.mp4 out.mkv --inline {REGION}", SOURCE, r"gone.* no such .*nothing was"),
    "a source without a name": Case(f"remove '' out.mkv --inline {REGION}", SOURCE, r"the source has no name"),
    "an empty file": Case(f"remove a.mp4 out.mkv --inline {REGION}", SOURCE, r"a\.mp4 is empty", file("a.mp4")),
    "words in a file called mp4": Case(
        f"remove a.mp4 out.mkv --inline {REGION}",
        SOURCE,
        r"a\.mp4 cannot be read as video",
        file("a.mp4", b"words\n" * 9),
    ),
    "noise that begins as Matroska": Case(
        f"remove a.mkv out.mkv --inline {REGION}",
        SOURCE,
        r"a\.mkv cannot be read",
        file("a.mkv", b"\x1a\x45\xdf\xa3" + noise(5000)),
    ),
    "sound alone": Case(f"remove song.mkv out.mkv --inline {REGION}", SOURCE, r"song\.mkv has no video", sound),
    "no frames": Case(f"remove none.mkv out.mkv --inline {REGION}", SOURCE, r"none\.mkv cannot be read", frameless),
    "a picture of 0x0": Case(
        f"remove a.bmp out.mkv --inline {REGION}", SOURCE, r"a\.bmp holds no picture", file("a.bmp", bitmap(0, 0))
    ),
    "a picture of 32768x32768": Case(
        f"remove a.bmp out.mkv {REGION}", SOURCE, r"a\.bmp holds no picture", file("a.bmp", bitmap(1 << 15, 1 << 15))
    ),
    "a y4m of 32768x32768": Case(
        f"remove a.y4m out.mkv --inline {REGION}", SOURCE, r"a\.y4m ", file("a.y4m", b"YUV4MPEG2 W32768 H32768 F25:1\n")
    ),
    "an MP4 cut off before its index": Case(
        f"remove cut.mp4 out.mkv --inline {REGION}", SOURCE, r"cut\.mp4 cannot be read", headless
    ),
    "a folder without images": Case(
        f"remove bare out.mkv --inline {REGION}", SOURCE, r"bare is a folder without images", folder("bare")
    ),
    "a broken image": Case(
        f"remove shots out.mkv --inline {REGION}",
        SOURCE,
        r"shots cannot be decoded: 0\.png cannot be read as an image",
        lambda at: (folder("shots")(at), file("shots/0.png", noise(99))(at)),
    ),
    "a device": Case(f"remove /dev/null out.mkv --inline {REGION}", SOURCE, r"/dev/null cannot be read"),
    "a camera that is not there": Case(
        f"remove rtsp://user:{SECRET}@127.0.0.1:1/x out.mkv {REGION}", SOURCE, r"rtsp://127\.0\.0\.1:1/x .*refused"
    ),
    "a server that is not there": Case(
        f"remove http://user:{SECRET}@127.0.0.1:1/x?token={SECRET} out.mkv --inline {REGION}", SOURCE, r"refused"
    ),
    "standard input twice": Case(f"remove - out.mkv --loop 2 --inline {REGION}", SOURCE, r"standard input"),
    # What to remove
    "nothing pointed at": Case(RUN, PROMPT, r"--box, --point, --target"),
    "a mask that is not there": Case(f"{RUN} --mask gone.png", PROMPT, r"there is no mask gone\.png"),
    "a mask of a server": Case(
        f"{RUN} --mask http://user:{SECRET}@host/x.mkv", PROMPT, r"there is no mask http://host"
    ),
    "a mask of another size": Case(
        f"{REMOVE} --mask masks", PROMPT, r"is 32x48, frame 0 of the video is 64x48", masks(13, width=32)
    ),
    "a folder without masks": Case(f"{REMOVE} --mask masks", PROMPT, r"masks holds no PNG", masks(0)),
    "a corrupt mask": Case(f"{REMOVE} --mask a.png", PROMPT, r"a\.png cannot be read", file("a.png", noise(500))),
    "a corrupt mask, in processes": Case(
        f"{RUN} --mask a.png", PROMPT, r"nothing was written", file("a.png", noise(9))
    ),
    "a corrupt mask, for a folder": Case(
        "remove in.mkv out/ --inline --mask a.png", PROMPT, r"nothing was written", file("a.png", noise(9))
    ),
    "words for a mask": Case(f"{REMOVE} --mask a.txt", PROMPT, r"mask video a\.txt", file("a.txt", b"words\n" * 99)),
    "a mask video of another size": Case(
        f"{REMOVE} --mask m.mkv", PROMPT, r"is 32x48", lambda at: make(at / "m.mkv", Clip(width=32, codec="ffv1"))
    ),
    "a box outside": Case(f"{REMOVE} --box 100,10,5,5", PROMPT, r"box .* outside the picture, which is 64x48"),
    "a box outside, in processes": Case(f"{RUN} --box 100,10,5,5", PROMPT, r"is 64x48; nothing was written"),
    "a box left of the picture": Case(f"{RUN} --box -5,10,5,5", PROMPT, r"begins at -5,10"),
    "a box at nan": Case(f"{RUN} --box nan,10,5,5", PROMPT, r"has nan, a number from 0"),
    "a box at inf": Case(f"{RUN} --box inf,10,5,5", PROMPT, r"has inf, a number from 0"),
    "a box of three numbers": Case(f"{RUN} --box 1,10,5", PROMPT, r"box '1,10,5' has 3 numbers, four are needed"),
    "a box of words": Case(f"{RUN} --box a,b,c,d", PROMPT, r"has 'a' where a number"),
    "a box of nothing": Case(f"{RUN} --box 1,1,0,5", PROMPT, r"is 0 wide and 5 high, both must be more than 0"),
    "a region of one number": Case(f"{RUN} --region 7", PROMPT, r"region '7' has 1 number, four"),
    "a region outside": Case(f"{REMOVE} --region 0,50,10,10", PROMPT, r"region .* outside the picture"),
    "a region larger than the picture": Case(f"{REMOVE} --region 0,0,640,480", PROMPT, r"larger than the picture"),
    # The output
    "the input as output": Case(f"remove in.mkv in.mkv --force {REGION}", OUTPUT, r"in\.mkv is the input itself"),
    "a link to the input": Case(
        f"{RUN} --force {REGION}", OUTPUT, r"the input itself", lambda at: (at / "out.mkv").symlink_to("in.mkv")
    ),
    "another name of the input": Case(
        f"{RUN} --force {REGION}", OUTPUT, r"the input itself", lambda at: (at / "out.mkv").hardlink_to(at / "in.mkv")
    ),
    "the input as partial output": Case(
        f"remove out.partial.mkv out.mkv --force {REGION}", OUTPUT, r"the input itself", copy("out.partial.mkv")
    ),
    "the mask as output": Case(
        f"{RUN} --force --mask out.mkv", OUTPUT, r"out\.mkv is the mask itself", copy("out.mkv")
    ),
    "the folder of masks as output": Case(
        "remove in.mkv masks/ --force --mask masks", OUTPUT, r"masks is the mask itself", masks(13)
    ),
    "an output that exists": Case(f"{RUN} {REGION}", OUTPUT, r"--force overwrites it", file("out.mkv", b"precious")),
    "a partial that exists": Case(
        f"{RUN} {REGION}", OUTPUT, r"partial.mkv already exists; --force", file("out.partial.mkv", b"precious")
    ),
    "an output that a failing run would replace": Case(
        f"{REMOVE} --force --mask a.txt",
        PROMPT,
        r"mask video a\.txt",
        lambda at: (copy("out.mkv")(at), file("a.txt", b"words\n" * 99)(at)),
    ),
    "a missing folder": Case(f"remove in.mkv gone/out.mkv {REGION}", OUTPUT, r"there is no folder .*/gone"),
    "an output below a file": Case(f"remove in.mkv in.mkv/out.mkv {REGION}", OUTPUT, r"there is no folder .*in\.mkv"),
    "an output that is a folder": Case(f"{RUN} {REGION}", OUTPUT, r"out\.mkv is a folder", folder("out.mkv")),
    "a folder that is a file": Case(f"remove in.mkv a/ {REGION}", OUTPUT, r"a is a file; a folder", file("a")),
    "a folder of pictures": Case(f"remove in.mkv shots/ {REGION}", OUTPUT, r"already holds numbered", pictures),
    "a place where nothing can be made": Case(
        f"remove in.mkv /proc/out.mkv --inline {REGION}", OUTPUT, r"/proc/out.*cannot be written"
    ),
    "an output without a suffix": Case(f"remove in.mkv out {REGION}", OUTPUT, r"out has no suffix; \.mp4"),
    "an unknown suffix": Case(f"remove in.mkv out.xyz {REGION}", OUTPUT, r"the suffix \.xyz"),
    "an output without a name": Case(f"remove in.mkv '' {REGION}", OUTPUT, r"the output has no name"),
    "a name that is too long": Case(f"remove in.mkv {'o' * 300}.mkv {REGION}", OUTPUT, r"file name too long"),
    "a URL as output": Case(
        f"remove in.mkv rtmp://user:{SECRET}@host/x.mkv {REGION}", OUTPUT, r"rtmp://host/x.mkv is a URL"
    ),
    # Options
    "an unknown codec": Case(f"{RUN} --codec foo {REGION}", OPTION, r"there is no encoder foo; h264"),
    "a codec that the container cannot hold": Case(
        f"remove in.mkv out.webm --codec h264 {REGION}", OPTION, r"cannot be used in out\.webm; libvpx-vp9"
    ),
    "a codec for pictures": Case(f"remove in.mkv out/ --codec h264 {REGION}", OPTION, r"out/ is a folder of PNGs"),
    "a crf out of range": Case(f"{RUN} --codec h264 --crf 99 {REGION}", OPTION, r"0 \(best\) to 51 expected"),
    "a crf for a lossless codec": Case(f"{RUN} --codec ffv1 --crf 20 {REGION}", OPTION, r"no such setting"),
    "a crf for the source's codec": Case(f"{WELL} --crf 20", OPTION, r"crf 20 cannot be used with ffv1"),
    "a crf of words": Case(f"{RUN} --crf good {REGION}", USAGE, r"--crf: .*'good'"),
    "an unknown preset": Case(f"{RUN} --codec h264 --preset warp {REGION}", OPTION, r"one of ultrafast"),
    "an unknown engine": Case(f"{RUN} --engine warp {REGION}", OPTION, r"no engine 'warp'; .*propagate"),
    "an unknown fill": Case(
        f"{RUN} --fill nice {REGION}", OPTION, r"no fill 'nice'; the known ones are sharp, faithful"
    ),
    "a look-ahead of 7": Case(f"{RUN} --look-ahead 7 {REGION}", OPTION, r"look-ahead is 7, .* from 0 to 6 frames"),
    "a look-ahead of -1": Case(f"{RUN} --look-ahead -1 {REGION}", OPTION, r"look-ahead is -1, .* from 0 to 6 frames"),
    "a look-ahead of words": Case(f"{RUN} --look-ahead far {REGION}", USAGE, r"--look-ahead: .*'far'"),
    "no replicas": Case(f"{RUN} --replicas 0 {REGION}", OPTION, r"--replicas 0 cannot be used, 1 to 64"),
    "less than no replicas": Case(f"{RUN} --replicas -1 {REGION}", OPTION, r"--replicas -1 .* 1 to 64"),
    "too many replicas": Case(f"{RUN} --replicas 10000 {REGION}", OPTION, r"--replicas 10000 .* 1 to 64"),
    "some replicas": Case(f"{RUN} --replicas some {REGION}", USAGE, r"--replicas: .*'some'"),
    "a chunk of less than nothing": Case(f"{RUN} --chunk -1 {REGION}", OPTION, r"--chunk -1 .*, 1 to 100000 frames"),
    "a chunk without end": Case(f"{RUN} --chunk {10**30} {REGION}", OPTION, r"--chunk 10+ cannot be used"),
    "too little memory": Case(
        f"{WELL} --memory 1MiB", OPTION, r"--memory 1MiB is too small .*, 1 replica and .*would do"
    ),
    "lots of memory": Case(f"{RUN} --memory lots {REGION}", OPTION, r"--memory 'lots' is no amount; 1GiB"),
    "no memory": Case(f"{RUN} --memory 0 {REGION}", OPTION, r"--memory '0' cannot be used"),
    "less than no memory": Case(f"{RUN} --memory -1GiB {REGION}", OPTION, r"--memory '-1GiB' cannot be used"),
    "dilate -1": Case(f"{RUN} --dilate -1 {REGION}", OPTION, r"dilate is -1, it must be from 0 to"),
    "feather 100000": Case(f"{RUN} --feather 100000 {REGION}", OPTION, r"feather is 100000, it must be from 0 to"),
    "hold -1": Case(f"{RUN} --hold -1 {REGION}", OPTION, r"hold is -1, it must be from 0 to"),
    "fps 0": Case(f"{RUN} --fps 0 {REGION}", OPTION, r"at 0 frames a second"),
    "fps abc": Case(f"{RUN} --fps abc {REGION}", OPTION, r"--fps abc is no rate; 25"),
    "fps 1e99": Case(f"{RUN} --fps 1e99 {REGION}", OPTION, r"at 1e\+99 frames a second"),
    "loop 0": Case(f"{RUN} --loop 0 {REGION}", OPTION, r"cannot be played 0 times"),
    "a port for metrics in use": Case(f"{RUN} --metrics 127.0.0.1:TAKEN {REGION}", ADDRESS, r"address already in use"),
    "a later port for metrics in use": Case(f"{RUN} --metrics :BELOW {REGION}", ADDRESS, r"127.0.0.1:\d+: .* in use"),
    "metrics 99999": Case(f"{RUN} --metrics 127.0.0.1:99999 {REGION}", ADDRESS, r"port from 1 to 65531 is needed"),
    "metrics abc": Case(f"{RUN} --metrics abc {REGION}", ADDRESS, r"--metrics 'abc' cannot be used; HOST:PORT"),
    # Other commands
    "no command": Case("", USAGE, r"COMMAND"),
    "an unknown command": Case("clean in.mkv", USAGE, r"'clean'"),
    "an unknown option": Case(f"{RUN} --fast", USAGE, r"--fast"),
    "inspect what is not there": Case("inspect in.mkv gone.mkv", SOURCE, r"gone\.mkv cannot be read"),
    "inspect words": Case("inspect in.mkv a.txt", SOURCE, r"a\.txt is text", file("a.txt", b"only words\n" * 99)),
    "demo below a file": Case("demo in.mkv/demo", OUTPUT, r"in\.mkv"),
    "a stage without the secret": Case(
        "stage encode out.mkv --listen tcp://127.0.0.1:5000", OPTION, r"CLEANPLATE_TOKEN"
    ),
    "encode where somebody listens": Case("stage encode out.mkv --listen tcp://127.0.0.1:TAKEN", ADDRESS, r"in use"),
    "encode to what exists": Case("stage encode in.mkv --listen tcp://127.0.0.1:*", OUTPUT, r"--force overwrites it"),
    "segment listening nowhere": Case(
        f"stage segment --listen tcp:// --work ipc://x --to {NOBODY} {REGION}", ADDRESS, r"--listen 'tcp://' .*5001"
    ),
    "inpaint without an address": Case(
        f"stage inpaint --work foo --to {NOBODY}", ADDRESS, r"--work 'foo' is no .*5001"
    ),
    "inpaint to a port that cannot be": Case(
        f"stage inpaint --work {NOBODY} --to tcp://127.0.0.1:99999", ADDRESS, r"--to 'tcp://127\.0\.0\.1:99999' is no"
    ),
    "segment with nothing pointed at": Case(
        f"stage segment --listen ipc://a --work ipc://b --to {NOBODY}", PROMPT, r"--box, --point, --target"
    ),
    "inpaint with an unknown engine": Case(
        f"stage inpaint --work {NOBODY} --to {NOBODY} --engine warp", OPTION, r"no engine 'warp'"
    ),
    "inpaint with an unknown fill": Case(
        f"stage inpaint --work {NOBODY} --to {NOBODY} --fill nice", OPTION, r"no fill 'nice'"
    ),
    "inpaint with no replicas": Case(f"stage inpaint --work {NOBODY} --to {NOBODY} --replicas 0", OPTION, r"1 to 64"),
    "inpaint with a port for metrics in use": Case(
        f"stage inpaint --work {NOBODY} --to {NOBODY} --metrics :TAKEN", ADDRESS, r"already in use"
    ),
    "decode of what is not there": Case(f"stage decode gone.mkv --to {NOBODY}", SOURCE, r"decode: gone\.mkv cannot"),
}
