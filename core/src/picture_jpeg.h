/* libjpeg, for picture_jpeg.c and picture_jpeg_write.c, and how it fails: by longjmp(). What must
 * outlive that lies in a struct, and no function that can be jumped out of has anything of its own
 * to free. */
#ifndef WXID_PICTURE_JPEG_H
#define WXID_PICTURE_JPEG_H

#include "picture.h"

#include <setjmp.h>
#include <stdio.h>

#include <jpeglib.h>

typedef struct wxid__trouble {
    struct jpeg_error_mgr manager; /* the first: libjpeg knows this part */
    jmp_buf way_out;               /* to be set before libjpeg is called */
    wxid__fault fault;
} wxid__trouble;

/* What is to be put into a decoder's or encoder's `err`. */
struct jpeg_error_mgr *wxid__trouble_new(wxid__trouble *trouble);

#endif
